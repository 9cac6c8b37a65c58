//! Our own PostgreSQL server when none is given.

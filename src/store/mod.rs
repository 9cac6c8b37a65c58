//! PostgreSQL: load the book, commit what facts touched, read-only views.

pub mod cluster;

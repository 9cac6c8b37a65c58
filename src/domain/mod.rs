//! The decision core: pure values and functions.

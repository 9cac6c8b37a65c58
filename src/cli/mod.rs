//! The command line: commands, one file each.

pub mod size;

//! The command line: commands, one file each.

pub mod sim;
pub mod size;

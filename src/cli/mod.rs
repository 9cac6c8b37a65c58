//! The command line: commands, one file each.

//! The `torana` program.

fn main() {}

//! The doors: webhook, OpenAlgo-compatible, operator, health.

pub mod json;
pub mod webhook;

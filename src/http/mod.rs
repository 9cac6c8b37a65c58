//! The doors: webhook, OpenAlgo-compatible, operator, health.

pub mod auth;
pub mod json;
pub mod limits;
pub mod webhook;

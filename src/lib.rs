//! Torana: the gateway every order walks through.
//!
//! Alerts come in from `TradingView` or any other sender, are checked against the position truth in
//! PostgreSQL, sized, gated and written down, and only then leave as orders to OpenAlgo.
//!
//! Dependencies point downwards; `tests/architecture.rs` keeps it so:
//!
//! ```text
//! app ─► http, courier, monitor ─► desk ─► store ─► journal ─► domain
//!            courier, monitor ─► broker ─► domain          sim ─► domain
//! ```

pub mod analytics;
pub mod app;
pub mod broker;
pub mod cli;
pub mod clock;
pub mod config;
pub mod courier;
pub mod desk;
pub mod domain;
pub mod history;
pub mod http;
pub mod journal;
pub mod monitor;
pub mod notify;
pub mod sim;
pub mod store;
pub mod strategy;
pub mod telemetry;

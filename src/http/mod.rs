//! The doors: webhook, OpenAlgo-compatible, operator, health.

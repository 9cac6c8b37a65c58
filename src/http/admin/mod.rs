//! `/admin/v1`: what operators and scripts read and order.

pub mod token;

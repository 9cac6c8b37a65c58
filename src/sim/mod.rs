//! An exchange to practise on: fills and costs, and an OpenAlgo-speaking server around them.
//!
//! What it assumes, so that nobody has to guess what a paper result is worth:
//!
//! 1. The spread is two ticks: a market order pays the far side, one tick worse than the last
//!    price. A resting limit trades at its own price and only once the far side has reached it; a
//!    stop trades one tick beyond wherever the price is when it wakes. Nothing ever fills better.
//! 2. Costs are on: every fill books the charges it is given, the same figures as the gateway's.
//! 3. Orders fill whole and at once unless a fault says otherwise; nobody else trades, so size moves
//!    no price.
//! 4. Futures block 13 % of their value or the master's own figure, shares their price (a fifth
//!    when closed the same day). Losses that are not realised do not lower the cash.
//! 5. An order lives for one exchange day, 03:00 to 03:00 IST, and the books show that day's orders
//!    and trades only. Lots, ticks and freeze quantities are checked.
//! 6. There are no hours and no circuit limits: whether the market is open is the gateway's
//!    question. Shares carried to another day are in the position book and in the holdings.
//!
//! The server speaks OpenAlgo 2.0 as a live Zerodha account answers: no `mode`, funds as text,
//! eleven keys an order. `ping` calls the broker `torana-sim`, and live refuses it by that name.
//! [`faults`] lists what can be made to go wrong; `PUT /_sim/faults` does it.

pub mod account;
mod answer;
mod control;
mod door;
pub mod event;
pub mod faults;
mod feed;
pub mod fills;
pub mod floor;
mod house;
mod journal;
mod limits;
pub mod master;
mod options;
pub mod order;
pub mod prices;
mod problems;
mod real;
mod routes;
mod schema;
mod server;
mod state;
mod tape;
pub mod venue;

pub use event::Placed;
pub use faults::{Fault, FaultName, UnknownFault};
pub use master::{MasterRow, SymbolMaster};
pub use options::{Clock, Holiday, ServerStyle, SimOptions};
pub use order::{Order, Status, Trade};
pub use prices::PriceSource;
pub use server::{SimHandle, SimServer};
pub use state::{Call, SimState};

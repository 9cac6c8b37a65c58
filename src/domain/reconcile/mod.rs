//! Our book against the broker's: which orders are ours, what is held, what would make them agree.

mod compare;
mod find;
mod nets;
mod news;
mod repair;
mod unclaimed;

pub use compare::{Difference, EQUITY, FOREIGN, Judged, MANUAL, Subject, compare, ours};
pub use find::find;
pub use nets::nets;
pub use news::{EndsSeen, Shown, ShownRow, terms};
pub use repair::{legs, propose};
pub use unclaimed::{candidates, unclaimed};

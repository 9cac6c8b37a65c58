//! What facts about the end of a day and of a contract mean.

use chrono::{DateTime, Utc};

use super::{Book, InstrumentState};
use crate::domain::close::{EodJudgement, EodState, Roll};
use crate::domain::ids::PositionId;
use crate::domain::instrument::InstrumentIx;
use crate::domain::signal::Scout;

impl Book {
    /// Keeps an end-of-day look, unless a fresher one is known.
    pub(super) fn view_close(&mut self, scout: &Scout) {
        self.on_instrument(scout.instrument, |known| {
            let newest = known.look.as_ref().map(|look| look.at);
            if newest.is_none_or(|newest| newest <= scout.at) {
                known.look = Some(scout.clone());
            }
        });
    }

    /// Keeps the newest judgement.
    pub(super) fn judge_close(&mut self, judged: &EodJudgement, at: DateTime<Utc>) {
        self.on_instrument(judged.instrument, |known| {
            known.eod = Some(EodState::after(known.eod, judged, at));
        });
    }

    /// Keeps a change of contract, proposed or begun.
    pub(super) fn roll(&mut self, instrument: InstrumentIx, roll: Roll) {
        self.on_instrument(instrument, |known| known.roll = Some(roll));
    }

    /// Forgets a change of contract; a position that ended with it counts now.
    pub(super) fn end_roll(&mut self, instrument: InstrumentIx, position: PositionId) {
        self.on_instrument(instrument, |known| known.roll = None);
        let ended = self.positions.get(&position).map(|one| !one.is_open());
        if ended == Some(true) {
            self.count_end(position);
        }
    }

    pub(super) fn on_instrument(
        &mut self,
        ix: InstrumentIx,
        change: impl FnOnce(&mut InstrumentState),
    ) {
        change(self.instruments.entry(ix).or_default());
        self.touched.instruments.insert(ix);
    }
}

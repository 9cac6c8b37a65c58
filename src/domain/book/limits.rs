//! What a breach of a limit leaves behind, and what a person's word takes away.

use super::Book;
use crate::domain::fact::Code;

impl Book {
    pub(super) fn breach(&mut self, code: Code) {
        let limits = &mut self.desk.limits;
        match code.0 {
            "daily_loss" => limits.breached = true,
            "drawdown" => limits.drawdown = true,
            "losing_streak" => limits.losing_streak = true,
            _ => return,
        }
        self.touched.desk = true;
    }

    pub(super) fn clear(&mut self, code: Code) {
        match code.0 {
            "drawdown" => self.desk.limits.drawdown = false,
            "losing_streak" => {
                self.desk.limits.losing_streak = false;
                self.desk.losing_streak = 0;
            }
            _ => return,
        }
        self.touched.desk = true;
    }
}

//! Making a desk, once: its row, its first facts, and the mode it belongs to for ever.

use chrono::{DateTime, Utc};

use super::chain::START;
use super::{DeskId, FactRow, Store, StoreError, Write};
use crate::domain::book::Book;
use crate::domain::fact::{Fact, LedgerKind, Movement};
use crate::domain::input::{Scope, TradingState};
use crate::domain::money::Money;
use crate::domain::rules::RulesHash;
use crate::journal;

/// What a desk starts with.
#[derive(Clone, Debug)]
pub struct NewDesk {
    /// Its number.
    pub id: DeskId,
    /// Its name.
    pub name: String,
    /// The word of the mode it is made in.
    pub made_in: &'static str,
    /// Its capital: the first row of the ledger.
    pub opening: Money,
    /// What may be traded at first.
    pub state: TradingState,
}

impl Store {
    /// Makes a desk unless it is there; returns whether it was made now.
    ///
    /// # Errors
    ///
    /// The desk was made in another mode, or the database is away.
    pub async fn ensure_desk(&self, new: &NewDesk, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let unknown_rules = data_encoding::HEXLOWER.encode(&RulesHash::default().0);
        sqlx::query!(
            "INSERT INTO desks (desk_id, name, mode, head, last_at, rules, state)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT ON CONSTRAINT desks_pkey DO NOTHING",
            new.id.0,
            new.name,
            new.made_in,
            START.as_slice(),
            now,
            unknown_rules,
            TradingState::default().word(),
        )
        .execute(self.in_time())
        .await?;
        let made_in = sqlx::query_scalar!("SELECT mode FROM desks WHERE desk_id = $1", new.id.0)
            .fetch_one(self.in_time())
            .await?;
        if made_in != new.made_in {
            return Err(StoreError::OtherMode {
                made_in,
                asked: new.made_in.to_owned(),
            });
        }
        self.open(new, now).await
    }

    /// Writes the first facts of a desk that has none; a start that died before is made good here.
    async fn open(&self, new: &NewDesk, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut locked = self.lock(new.id, &[]).await?;
        if locked.standing.seq > 0 {
            return Ok(false);
        }
        let mut book: Book = locked.book().await?;
        let facts = first_facts(new);
        for fact in &facts {
            book.apply(fact, now);
        }
        let rows: Vec<FactRow<'_>> = facts
            .iter()
            .map(|fact| FactRow {
                fact,
                at: now,
                signal: None,
                payload: journal::fact_text(fact, &self.instruments),
            })
            .collect();
        let touched = book.take_touched();
        locked
            .commit(&Write {
                now,
                facts: &rows,
                signals: &[],
                book: &book,
                touched: &touched,
                epoch: None,
            })
            .await?;
        Ok(true)
    }
}

fn first_facts(new: &NewDesk) -> Vec<Fact> {
    let opening = Fact::LedgerMoved(Box::new(Movement {
        kind: LedgerKind::Opening,
        amount: new.opening,
        after: new.opening,
        order: None,
    }));
    let state = Fact::TradingStateSet {
        scope: Scope::Desk,
        state: new.state,
        by: "torana".to_owned(),
        why: format!("a new {} desk", new.made_in),
    };
    vec![opening, state]
}

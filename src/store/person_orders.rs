//! Orders of people that came under a key of their sender: each is carried out once, and answered
//! word for word again.

use super::lock::hash;
use super::{DeskId, Locked, Store, StoreError};
use crate::domain::ids::Cause;

/// An order that was carried out under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonOrder {
    /// The hash of what was ordered.
    pub asked: [u8; 32],
    /// What was answered.
    pub answer: String,
}

impl Store {
    /// Returns what an order of this name was answered, when it was carried out.
    ///
    /// # Errors
    ///
    /// The database is away or the row cannot be read.
    pub async fn person_order(
        &self,
        desk: DeskId,
        cause: Cause,
    ) -> Result<Option<PersonOrder>, StoreError> {
        let row = sqlx::query!(
            "SELECT asked, answer FROM person_orders WHERE desk_id = $1 AND cause = $2",
            desk.0,
            cause.to_string(),
        )
        .fetch_optional(self.in_time())
        .await?;
        row.map(|row| {
            Ok(PersonOrder {
                asked: hash(row.asked)?,
                answer: row.answer,
            })
        })
        .transpose()
    }
}

impl Locked {
    /// Returns whether an order of this name was carried out.
    ///
    /// # Errors
    ///
    /// The database is away.
    pub async fn has_person_order(&mut self, cause: Cause) -> Result<bool, StoreError> {
        let found = sqlx::query_scalar!(
            "SELECT EXISTS (SELECT FROM person_orders WHERE desk_id = $1 AND cause = $2)",
            self.standing.desk.0,
            cause.to_string(),
        )
        .fetch_one(self.tx.in_time())
        .await?;
        Ok(found == Some(true))
    }

    /// Writes an order with its answer; it becomes true with the commit that follows.
    ///
    /// # Errors
    ///
    /// The database is away.
    pub async fn add_person_order(
        &mut self,
        cause: Cause,
        order: &PersonOrder,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "INSERT INTO person_orders (desk_id, cause, asked, answer, at)
             VALUES ($1, $2, $3, $4, now())",
            self.standing.desk.0,
            cause.to_string(),
            order.asked.as_slice(),
            order.answer,
        )
        .execute(self.tx.in_time())
        .await?;
        Ok(())
    }
}

//! Prices as seen: written by the holder of the lease, read with the lock of the desk's row.

use super::lock::rows;
use super::{DeskId, Store, StoreError};
use crate::domain::input::{Mark, Marks, Quote};
use crate::journal::{Fields, Names, Out, Spread, Take};

/// Marks this much older than a new one are forgotten: contracts end.
const KEPT_DAYS: i32 = 7;

impl Store {
    /// Writes these prices over what was known of them; others stay.
    ///
    /// # Errors
    ///
    /// The database is away.
    pub async fn write_marks(&self, desk: DeskId, marks: &Marks) -> Result<(), StoreError> {
        let text = text(desk, marks, self.names());
        sqlx::query!(
            r#"
            WITH fresh AS (
                SELECT r.* FROM json_populate_recordset(NULL::marks, $2::text::json) r),
            old AS (
                DELETE FROM marks m
                WHERE m.desk_id = $1 AND m.at < now() - make_interval(days => $3)
                  AND (m.kind, m.name) NOT IN (SELECT f.kind, f.name FROM fresh f))
            INSERT INTO marks SELECT * FROM fresh
            ON CONFLICT ON CONSTRAINT marks_pkey DO UPDATE SET
                (price, bid, ask, at, margin, margin_at, source) =
                (EXCLUDED.price, EXCLUDED.bid, EXCLUDED.ask, EXCLUDED.at,
                 coalesce(EXCLUDED.margin, marks.margin),
                 coalesce(EXCLUDED.margin_at, marks.margin_at), EXCLUDED.source)
            "#,
            desk.0,
            text,
            KEPT_DAYS,
        )
        .execute(self.in_time())
        .await?;
        Ok(())
    }

    /// Returns the prices as last written.
    ///
    /// # Errors
    ///
    /// The database is away.
    pub async fn marks(&self, desk: DeskId) -> Result<Marks, StoreError> {
        let text = sqlx::query_scalar!(
            "SELECT json_agg(m)::text FROM marks m WHERE m.desk_id = $1",
            desk.0
        )
        .fetch_one(self.in_time())
        .await?;
        read(text.as_deref(), self.names())
    }
}

fn text(desk: DeskId, marks: &Marks, names: Names<'_>) -> String {
    let mut rows = Vec::new();
    for (contract, mark) in &marks.contracts {
        let name = names.symbol(*contract);
        rows.push(row((desk, "contract", &name), names, |fields| {
            mark.spread(fields);
        }));
    }
    for (instrument, quote) in &marks.charts {
        let name = names.instrument(*instrument);
        rows.push(row((desk, "chart", name), names, |fields| {
            quote.spread(fields);
        }));
    }
    format!("[{}]", rows.join(","))
}

fn row(
    (desk, kind, name): (DeskId, &str, &str),
    names: Names<'_>,
    rest: impl FnOnce(&mut Fields<'_, '_>),
) -> String {
    let mut out = Out::new(names);
    out.object(|fields| {
        fields.put("desk_id", &desk.0);
        fields.put("kind", kind);
        fields.put("name", name);
        rest(fields);
    });
    out.finish()
}

/// Reads prices; one whose instrument is not in the configuration is of no use and left out.
pub(super) fn read(text: Option<&str>, names: Names<'_>) -> Result<Marks, StoreError> {
    let mut marks = Marks::default();
    let bad = |error| StoreError::corrupt("marks", error);
    for row in rows("marks", text)? {
        let kind: String = names.field(&row, "kind").map_err(bad)?;
        let name: String = names.field(&row, "name").map_err(bad)?;
        if kind == "contract" {
            if let Ok(contract) = names.contract(&name) {
                let mark = Mark::take(&row, names).map_err(bad)?;
                marks.contracts.insert(contract, mark);
            }
        } else if let Ok(instrument) = names.ix(&name) {
            let quote = Quote::take(&row, names).map_err(bad)?;
            marks.charts.insert(instrument, quote);
        }
    }
    Ok(marks)
}

//! The one statement that makes a decision so.
//!
//! What it writes, it writes only when it could move the desk's row (`d`) on from where it was known
//! to stand. The rows that were touched are written by a longer form of it: most commits touch none,
//! and a table costs its share even when nothing goes into it.

use core::time::Duration;
use std::borrow::Cow;

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use super::rows::Rows;
use super::{Facts, Signals, Write};
use crate::journal::{Names, Out, Put as _};
use crate::store::StoreError;
use crate::store::lock::{Asked, SignalKey, Standing, interval};

/// A decision, ready to be written.
pub(super) struct Seal<'a> {
    /// Where the desk stood when it was made.
    pub(super) known: &'a Standing,
    pub(super) facts: &'a Facts<'a>,
    pub(super) rows: Option<Rows>,
    /// What must not have been decided before, and how long the same bytes are the same alert.
    pub(super) asks: (&'a [SignalKey], Duration),
}

/// The statement, with more tables when there are rows for them.
macro_rules! statement {
    ($head:expr, ($signals:expr, $facts:expr, $asked:expr), $rows:literal $(, $more:expr)*) => {
        sqlx::query!(
            r#"
            WITH d AS (
                UPDATE desks d SET seq = $3, head = $4, last_at = greatest(d.last_at, $5),
                    (state, rules, opening, realised, high_water, day, day_base, day_cash,
                     day_trades, losing_streak, funds_available, funds_at, day_warned,
                     day_breached, day_limit, drawdown_hit, streak_hit, limited, flatten,
                     semi_auto) =
                    (SELECT r.state, r.rules, r.opening, r.realised, r.high_water, r.day,
                        r.day_base, r.day_cash, r.day_trades, r.losing_streak, r.funds_available,
                        r.funds_at, r.day_warned, r.day_breached, r.day_limit, r.drawdown_hit,
                        r.streak_hit, r.limited, r.flatten, r.semi_auto
                     FROM json_populate_record(NULL::desks, $6::text::json) r)
                WHERE d.desk_id = $1 AND d.seq = $2 AND d.head = $35
                    AND ($7::bigint IS NULL OR d.epoch = $7)
                    AND NOT EXISTS (
                        SELECT FROM unnest($30::text[], $31::int[], $32::text[], $33::bytea[])
                            AS a (id, source, alert, body)
                        CROSS JOIN LATERAL (
                            (SELECT FROM signals s
                             WHERE s.desk_id = $1 AND s.signal_id = a.id LIMIT 1)
                            UNION ALL
                            (SELECT FROM signals s
                             WHERE s.desk_id = $1 AND s.body_hash = a.body
                               AND s.stored_at > clock_timestamp() - $34::interval LIMIT 1)
                            UNION ALL
                            (SELECT FROM signals s
                             WHERE s.desk_id = $1 AND s.source = a.source AND s.alert_id = a.alert LIMIT 1)) f)
                RETURNING d.seq),
            s AS (
                INSERT INTO signals (desk_id, signal_id, source, received_at, moment, kind,
                    instrument, alert_id, body_hash, record, verdict, code, status, answer)
                SELECT $1, u.* FROM d, unnest($8::text[], $9::int[], $10::timestamptz[],
                    $11::timestamptz[], $12::text[], $13::text[], $14::text[], $15::bytea[],
                    $16::text[], $17::text[], $18::text[], $19::int[], $20::text[]) u),
            f AS (
                INSERT INTO facts (desk_id, seq, at, kind, signal_id, intent_id, order_id, leg_id,
                    payload, hash)
                SELECT $1, u.* FROM d, unnest($21::bigint[], $22::timestamptz[], $23::text[],
                    $24::text[], $25::text[], $26::text[], $27::text[], $28::text[],
                    $29::bytea[]) u)
            "# + $rows + "SELECT d.seq FROM d",
            $head.known.desk.0,
            $head.known.seq,
            $facts.tag.seq,
            &$facts.tag.head,
            $head.now,
            $head.desk,
            $head.epoch,
            &$signals.ids,
            &$signals.sources,
            &$signals.received_at,
            &$signals.moments as &[Option<DateTime<Utc>>],
            &$signals.kinds as &[&str],
            &$signals.instruments as &[Option<&str>],
            &$signals.alerts as &[Option<Cow<'_, str>>],
            &$signals.body_hashes as &[Option<&[u8]>],
            &$signals.records as &[Cow<'_, str>],
            &$signals.verdicts as &[&str],
            &$signals.codes as &[&str],
            &$signals.statuses,
            &$signals.answers as &[Cow<'_, str>],
            &$facts.seqs,
            &$facts.ats,
            &$facts.kinds as &[&str],
            &$facts.signals as &[Option<String>],
            &$facts.intents as &[Option<String>],
            &$facts.orders as &[Option<String>],
            &$facts.legs as &[Option<String>],
            &$facts.payloads as &[&str],
            &$facts.hashes,
            &$asked.ids,
            &$asked.sources as &[Option<i32>],
            &$asked.alerts as &[Option<String>],
            &$asked.bodies as &[Option<Vec<u8>>],
            $head.same_body,
            &$head.known.head
            $(, $more)*
        )
    };
}

/// The longer form, for a commit that touched rows.
macro_rules! statement_with_rows {
    ($head:expr, $columns:tt, $rows:expr) => {
        statement!(
            $head,
            $columns,
            r#",
            p AS (
                INSERT INTO positions
                SELECT r.* FROM d, json_populate_recordset(NULL::positions, $36::text::json) r
                ON CONFLICT ON CONSTRAINT positions_pkey DO UPDATE SET
                    (instrument, contract, direction, product, source, opened_at, closed_at, adds, last_entry,
                     base_entry, base_stop, base_risk, closed_add_loss, net, surplus) =
                    (EXCLUDED.instrument, EXCLUDED.contract, EXCLUDED.direction, EXCLUDED.product,
                     EXCLUDED.source, EXCLUDED.opened_at, EXCLUDED.closed_at, EXCLUDED.adds,
                     EXCLUDED.last_entry, EXCLUDED.base_entry, EXCLUDED.base_stop, EXCLUDED.base_risk,
                     EXCLUDED.closed_add_loss, EXCLUDED.net, EXCLUDED.surplus)),
            l AS (
                INSERT INTO legs
                SELECT r.* FROM d, json_populate_recordset(NULL::legs, $37::text::json) r
                ON CONFLICT ON CONSTRAINT legs_pkey DO UPDATE SET
                    (position, instrument, contract, direction, product, base, layer, lots, opened_lots, cost,
                     entry, first_stop, stop, target, atr, best, risk, gross, charges, exits, opened_at,
                     closed_at, reason, stop_why, bar_at, series) =
                    (EXCLUDED.position, EXCLUDED.instrument, EXCLUDED.contract, EXCLUDED.direction,
                     EXCLUDED.product, EXCLUDED.base, EXCLUDED.layer, EXCLUDED.lots, EXCLUDED.opened_lots,
                     EXCLUDED.cost, EXCLUDED.entry, EXCLUDED.first_stop, EXCLUDED.stop, EXCLUDED.target,
                     EXCLUDED.atr, EXCLUDED.best, EXCLUDED.risk, EXCLUDED.gross, EXCLUDED.charges,
                     EXCLUDED.exits, EXCLUDED.opened_at, EXCLUDED.closed_at, EXCLUDED.reason,
                     EXCLUDED.stop_why, EXCLUDED.bar_at, EXCLUDED.series)),
            i AS (
                INSERT INTO intents
                SELECT r.* FROM d, json_populate_recordset(NULL::intents, $38::text::json) r
                ON CONFLICT ON CONSTRAINT intents_pkey DO UPDATE SET
                    (purpose, signal, instrument, contract, direction, product, position, leg, lots, filled,
                     valid_until, by_person, orders, failures, at, ended_at, ended_why, reason, layer, price,
                     stop, target, atr, er, cap, source, profile, trace) =
                    (EXCLUDED.purpose, EXCLUDED.signal, EXCLUDED.instrument, EXCLUDED.contract,
                     EXCLUDED.direction, EXCLUDED.product, EXCLUDED.position, EXCLUDED.leg, EXCLUDED.lots,
                     EXCLUDED.filled, EXCLUDED.valid_until, EXCLUDED.by_person, EXCLUDED.orders,
                     EXCLUDED.failures, EXCLUDED.at, EXCLUDED.ended_at, EXCLUDED.ended_why, EXCLUDED.reason,
                     EXCLUDED.layer, EXCLUDED.price, EXCLUDED.stop, EXCLUDED.target, EXCLUDED.atr, EXCLUDED.er,
                     EXCLUDED.cap, EXCLUDED.source, EXCLUDED.profile, EXCLUDED.trace)),
            o AS (
                INSERT INTO orders
                SELECT r.* FROM d, json_populate_recordset(NULL::orders, $39::text::json) r
                ON CONFLICT ON CONSTRAINT orders_pkey DO UPDATE SET
                    (intent, instrument, contract, product, side, lots, quantity, pricing, price, trigger_price,
                     state, epoch, ended, broker_id, filled, value, charges, not_before, cancel, cancel_why,
                     cancel_not_before, baseline, claimed_at, sent_at, closed_at, modify, modify_lots,
                     modify_quantity, modify_trigger, modify_limit, modify_at, modified, doubted, armed,
                     fired_at, cancel_failures) =
                    (EXCLUDED.intent, EXCLUDED.instrument, EXCLUDED.contract, EXCLUDED.product, EXCLUDED.side,
                     EXCLUDED.lots, EXCLUDED.quantity, EXCLUDED.pricing, EXCLUDED.price, EXCLUDED.trigger_price,
                     EXCLUDED.state, EXCLUDED.epoch, EXCLUDED.ended, EXCLUDED.broker_id, EXCLUDED.filled,
                     EXCLUDED.value, EXCLUDED.charges, EXCLUDED.not_before, EXCLUDED.cancel,
                     EXCLUDED.cancel_why, EXCLUDED.cancel_not_before, EXCLUDED.baseline, EXCLUDED.claimed_at,
                     EXCLUDED.sent_at, EXCLUDED.closed_at, EXCLUDED.modify, EXCLUDED.modify_lots,
                     EXCLUDED.modify_quantity, EXCLUDED.modify_trigger, EXCLUDED.modify_limit,
                     EXCLUDED.modify_at, EXCLUDED.modified, EXCLUDED.doubted, EXCLUDED.armed,
                     EXCLUDED.fired_at, EXCLUDED.cancel_failures)),
            st AS (
                INSERT INTO instrument_states
                SELECT r.* FROM d, json_populate_recordset(NULL::instrument_states, $40::text::json) r
                ON CONFLICT ON CONSTRAINT instrument_states_pkey DO UPDATE SET
                    (state, bar_at, bar_close, atr, stopped_at, reversal, units_on, units_doubted, look,
                     eod, roll, late) =
                    (EXCLUDED.state, EXCLUDED.bar_at, EXCLUDED.bar_close, EXCLUDED.atr,
                     EXCLUDED.stopped_at, EXCLUDED.reversal, EXCLUDED.units_on, EXCLUDED.units_doubted, EXCLUDED.look, EXCLUDED.eod, EXCLUDED.roll,
                     EXCLUDED.late)),
            n AS (
                INSERT INTO newest_signals
                SELECT r.* FROM d, json_populate_recordset(NULL::newest_signals, $41::text::json) r
                ON CONFLICT ON CONSTRAINT newest_signals_pkey DO UPDATE SET at = EXCLUDED.at),
            g AS (
                INSERT INTO drifts
                SELECT r.* FROM d, json_populate_recordset(NULL::drifts, $46::text::json) r
                ON CONFLICT ON CONSTRAINT drifts_pkey DO UPDATE SET
                    (repair_lots, repair_price, repair_basis, repair_reason, dismissed, ended, ended_at) =
                    (EXCLUDED.repair_lots, EXCLUDED.repair_price, EXCLUDED.repair_basis,
                     EXCLUDED.repair_reason, EXCLUDED.dismissed, EXCLUDED.ended, EXCLUDED.ended_at)),
            c AS (
                INSERT INTO source_states
                SELECT r.* FROM d, json_populate_recordset(NULL::source_states, $47::text::json) r
                ON CONFLICT ON CONSTRAINT source_states_pkey DO UPDATE SET state = EXCLUDED.state),
            fi AS (
                INSERT INTO fills
                SELECT r.* FROM d, json_populate_recordset(NULL::fills, $42::text::json) r),
            m AS (
                INSERT INTO ledger
                SELECT r.* FROM d, json_populate_recordset(NULL::ledger, $43::text::json) r),
            e AS (
                INSERT INTO eod
                SELECT r.* FROM d, json_populate_recordset(NULL::eod, $44::text::json) r),
            x AS (
                INSERT INTO findings
                SELECT r.* FROM d, json_populate_recordset(NULL::findings, $45::text::json) r)
            "#,
            $rows.positions,
            $rows.legs,
            $rows.intents,
            $rows.orders,
            $rows.instruments,
            $rows.newest,
            $rows.records.fills,
            $rows.records.ledger,
            $rows.records.eod,
            $rows.records.findings,
            $rows.drifts,
            $rows.sources
        )
    };
}

/// The desk's own row.
struct Head<'a> {
    known: &'a Standing,
    now: DateTime<Utc>,
    desk: String,
    epoch: Option<i64>,
    same_body: sqlx::postgres::types::PgInterval,
}

impl Seal<'_> {
    /// Writes facts, verdicts and rows and moves the desk on; returns whether it was still as known.
    pub(super) async fn press(
        &self,
        session: impl PgExecutor<'_>,
        write: &Write<'_>,
    ) -> Result<bool, StoreError> {
        let names = Names(&self.known.instruments);
        let (asked, facts) = (Asked::of(self.asks.0), self.facts);
        let signals = Signals::of(write.signals, names);
        let mut desk = Out::new(names);
        write.book.desk.put(&mut desk);
        let head = Head {
            known: self.known,
            now: write.now,
            desk: desk.finish(),
            epoch: write.epoch,
            same_body: interval(self.asks.1),
        };
        let moved = match &self.rows {
            None => {
                let statement = statement!(head, (signals, facts, asked), "");
                statement.fetch_optional(session).await?.is_some()
            }
            Some(rows) => {
                let statement = statement_with_rows!(head, (signals, facts, asked), rows);
                statement.fetch_optional(session).await?.is_some()
            }
        };
        Ok(moved)
    }
}

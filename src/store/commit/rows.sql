WITH p AS (
    INSERT INTO positions
    SELECT r.* FROM json_populate_recordset(NULL::positions, $1::text::json) r
    ON CONFLICT ON CONSTRAINT positions_pkey DO UPDATE SET
        (closed_at, adds, last_entry, base_entry, base_stop, base_risk, closed_add_loss, net,
         surplus) =
        (EXCLUDED.closed_at, EXCLUDED.adds, EXCLUDED.last_entry, EXCLUDED.base_entry,
         EXCLUDED.base_stop, EXCLUDED.base_risk, EXCLUDED.closed_add_loss, EXCLUDED.net,
         EXCLUDED.surplus)),
l AS (
    INSERT INTO legs
    SELECT r.* FROM json_populate_recordset(NULL::legs, $2::text::json) r
    ON CONFLICT ON CONSTRAINT legs_pkey DO UPDATE SET
        (lots, opened_lots, cost, entry, first_stop, stop, target, atr, best, risk, gross, charges,
         exits, closed_at, reason) =
        (EXCLUDED.lots, EXCLUDED.opened_lots, EXCLUDED.cost, EXCLUDED.entry, EXCLUDED.first_stop,
         EXCLUDED.stop, EXCLUDED.target, EXCLUDED.atr, EXCLUDED.best, EXCLUDED.risk,
         EXCLUDED.gross, EXCLUDED.charges, EXCLUDED.exits, EXCLUDED.closed_at, EXCLUDED.reason)),
i AS (
    INSERT INTO intents
    SELECT r.* FROM json_populate_recordset(NULL::intents, $3::text::json) r
    ON CONFLICT ON CONSTRAINT intents_pkey DO UPDATE SET
        (lots, filled, orders, failures, ended_at, ended_why, reason) =
        (EXCLUDED.lots, EXCLUDED.filled, EXCLUDED.orders, EXCLUDED.failures, EXCLUDED.ended_at,
         EXCLUDED.ended_why, EXCLUDED.reason)),
o AS (
    INSERT INTO orders
    SELECT r.* FROM json_populate_recordset(NULL::orders, $4::text::json) r
    ON CONFLICT ON CONSTRAINT orders_pkey DO UPDATE SET
        (lots, quantity, pricing, price, trigger_price, state, epoch, ended, broker_id, filled,
         value, charges, not_before, cancel, cancel_why, cancel_not_before, baseline, claimed_at,
         sent_at, closed_at) =
        (EXCLUDED.lots, EXCLUDED.quantity, EXCLUDED.pricing, EXCLUDED.price,
         EXCLUDED.trigger_price, EXCLUDED.state, EXCLUDED.epoch, EXCLUDED.ended,
         EXCLUDED.broker_id, EXCLUDED.filled, EXCLUDED.value, EXCLUDED.charges,
         EXCLUDED.not_before, EXCLUDED.cancel, EXCLUDED.cancel_why, EXCLUDED.cancel_not_before,
         EXCLUDED.baseline, EXCLUDED.claimed_at, EXCLUDED.sent_at, EXCLUDED.closed_at)),
s AS (
    INSERT INTO instrument_states
    SELECT r.* FROM json_populate_recordset(NULL::instrument_states, $5::text::json) r
    ON CONFLICT ON CONSTRAINT instrument_states_pkey DO UPDATE SET
        (state, bar_at, atr, stopped_at, reversal) =
        (EXCLUDED.state, EXCLUDED.bar_at, EXCLUDED.atr, EXCLUDED.stopped_at, EXCLUDED.reversal)),
n AS (
    INSERT INTO newest_signals
    SELECT r.* FROM json_populate_recordset(NULL::newest_signals, $6::text::json) r
    ON CONFLICT ON CONSTRAINT newest_signals_pkey DO UPDATE SET at = EXCLUDED.at),
f AS (
    INSERT INTO fills
    SELECT r.* FROM json_populate_recordset(NULL::fills, $7::text::json) r),
m AS (
    INSERT INTO ledger
    SELECT r.* FROM json_populate_recordset(NULL::ledger, $8::text::json) r),
e AS (
    INSERT INTO eod
    SELECT r.* FROM json_populate_recordset(NULL::eod, $9::text::json) r)
INSERT INTO findings
SELECT r.* FROM json_populate_recordset(NULL::findings, $10::text::json) r

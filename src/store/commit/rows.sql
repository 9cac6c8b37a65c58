WITH p AS (
    INSERT INTO positions
    SELECT r.* FROM json_populate_recordset(NULL::positions, $1::text::json) r
    ON CONFLICT ON CONSTRAINT positions_pkey DO UPDATE SET
        (instrument, contract, direction, product, source, opened_at, closed_at, adds, last_entry,
         base_entry, base_stop, base_risk, closed_add_loss, net, surplus) =
        (EXCLUDED.instrument, EXCLUDED.contract, EXCLUDED.direction, EXCLUDED.product,
         EXCLUDED.source, EXCLUDED.opened_at, EXCLUDED.closed_at, EXCLUDED.adds,
         EXCLUDED.last_entry, EXCLUDED.base_entry, EXCLUDED.base_stop, EXCLUDED.base_risk,
         EXCLUDED.closed_add_loss, EXCLUDED.net, EXCLUDED.surplus)),
l AS (
    INSERT INTO legs
    SELECT r.* FROM json_populate_recordset(NULL::legs, $2::text::json) r
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
    SELECT r.* FROM json_populate_recordset(NULL::intents, $3::text::json) r
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
    SELECT r.* FROM json_populate_recordset(NULL::orders, $4::text::json) r
    ON CONFLICT ON CONSTRAINT orders_pkey DO UPDATE SET
        (intent, instrument, contract, product, side, lots, quantity, pricing, price, trigger_price,
         state, epoch, ended, broker_id, filled, value, charges, not_before, cancel, cancel_why,
         cancel_not_before, baseline, claimed_at, sent_at, closed_at, modify, modify_lots,
         modify_quantity, modify_trigger, modify_limit, modify_at, modified, doubted, armed,
         fired_at) =
        (EXCLUDED.intent, EXCLUDED.instrument, EXCLUDED.contract, EXCLUDED.product, EXCLUDED.side,
         EXCLUDED.lots, EXCLUDED.quantity, EXCLUDED.pricing, EXCLUDED.price, EXCLUDED.trigger_price,
         EXCLUDED.state, EXCLUDED.epoch, EXCLUDED.ended, EXCLUDED.broker_id, EXCLUDED.filled,
         EXCLUDED.value, EXCLUDED.charges, EXCLUDED.not_before, EXCLUDED.cancel,
         EXCLUDED.cancel_why, EXCLUDED.cancel_not_before, EXCLUDED.baseline, EXCLUDED.claimed_at,
         EXCLUDED.sent_at, EXCLUDED.closed_at, EXCLUDED.modify, EXCLUDED.modify_lots,
         EXCLUDED.modify_quantity, EXCLUDED.modify_trigger, EXCLUDED.modify_limit,
         EXCLUDED.modify_at, EXCLUDED.modified, EXCLUDED.doubted, EXCLUDED.armed,
         EXCLUDED.fired_at)),
s AS (
    INSERT INTO instrument_states
    SELECT r.* FROM json_populate_recordset(NULL::instrument_states, $5::text::json) r
    ON CONFLICT ON CONSTRAINT instrument_states_pkey DO UPDATE SET
        (state, bar_at, bar_close, atr, stopped_at, reversal, units_on, units_doubted, look, eod, roll,
         late) =
        (EXCLUDED.state, EXCLUDED.bar_at, EXCLUDED.bar_close, EXCLUDED.atr, EXCLUDED.stopped_at, EXCLUDED.reversal,
         EXCLUDED.units_on, EXCLUDED.units_doubted, EXCLUDED.look, EXCLUDED.eod, EXCLUDED.roll,
         EXCLUDED.late)),
n AS (
    INSERT INTO newest_signals
    SELECT r.* FROM json_populate_recordset(NULL::newest_signals, $6::text::json) r
    ON CONFLICT ON CONSTRAINT newest_signals_pkey DO UPDATE SET at = EXCLUDED.at),
g AS (
    INSERT INTO drifts
    SELECT r.* FROM json_populate_recordset(NULL::drifts, $11::text::json) r
    ON CONFLICT ON CONSTRAINT drifts_pkey DO UPDATE SET
        (repair_lots, repair_price, repair_basis, repair_reason, dismissed, ended, ended_at) =
        (EXCLUDED.repair_lots, EXCLUDED.repair_price, EXCLUDED.repair_basis,
         EXCLUDED.repair_reason, EXCLUDED.dismissed, EXCLUDED.ended, EXCLUDED.ended_at)),
c AS (
    INSERT INTO source_states
    SELECT r.* FROM json_populate_recordset(NULL::source_states, $12::text::json) r
    ON CONFLICT ON CONSTRAINT source_states_pkey DO UPDATE SET state = EXCLUDED.state),
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

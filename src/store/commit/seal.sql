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
    WHERE d.desk_id = $1 AND d.seq = $2 AND ($7::bigint IS NULL OR d.epoch = $7)
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
SELECT d.seq FROM d

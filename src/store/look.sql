SELECT d.seq, d.head, d.last_at, d.epoch,
    (SELECT json_agg(m)::text FROM marks m WHERE m.desk_id = $1) AS marks,
    (SELECT json_agg(json_build_array(a.n, f.signal_id, f.status, f.answer))::text
     FROM unnest($2::text[], $3::int[], $4::text[], $5::bytea[])
          WITH ORDINALITY AS a (id, source, alert, body, n)
     CROSS JOIN LATERAL (
         (SELECT s.signal_id, s.status, s.answer, 1 AS rank FROM signals s
          WHERE s.desk_id = $1 AND s.signal_id = a.id)
         UNION ALL
         (SELECT s.signal_id, s.status, s.answer, 2 FROM signals s
          WHERE s.desk_id = $1 AND s.body_hash = a.body
            AND s.stored_at > clock_timestamp() - $6::interval
          ORDER BY s.stored_at DESC LIMIT 1)
         UNION ALL
         (SELECT NULL, NULL, NULL, 3 FROM signals s
          WHERE s.desk_id = $1 AND s.source = a.source AND s.alert_id = a.alert LIMIT 1)
         ORDER BY rank LIMIT 1) f) AS earlier
FROM desks d WHERE d.desk_id = $1

-- Why: pools connect as a role that can neither change the schema nor history. The role is made
-- with the server, not here; where it does not exist (one role for everything) nothing is granted.

DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'torana_service') THEN
        GRANT USAGE ON SCHEMA public TO torana_service;
        GRANT SELECT, INSERT, UPDATE ON
            desks, instrument_states, newest_signals, sources, tokens, signals, positions, legs,
            intents, orders, notices, leases, marks TO torana_service;
        GRANT SELECT, INSERT ON facts, fills, ledger, eod, findings TO torana_service;
        GRANT DELETE ON marks TO torana_service;
        GRANT SELECT ON _sqlx_migrations TO torana_service;
    END IF;
END $$;

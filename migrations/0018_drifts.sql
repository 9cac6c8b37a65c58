-- Why: a difference between our book and the broker's is more than a remark: it has a name, stays
-- open until both agree or a person has spoken, and carries what would end it. What is over stays.
-- `ours` and `theirs` are what was reported, so they have no bounds; what we propose has.

CREATE TABLE drifts (
    desk_id       INTEGER     NOT NULL,
    id            TEXT        NOT NULL,
    code          TEXT        NOT NULL,
    instrument    TEXT,
    contract      TEXT,
    symbol        TEXT        NOT NULL,
    product       TEXT,
    broker_order  TEXT,
    ours          NUMERIC     NOT NULL,
    theirs        NUMERIC,
    repair_lots   BIGINT,
    repair_price  NUMERIC,
    repair_basis  TEXT,
    repair_reason TEXT,
    found_at      TIMESTAMPTZ NOT NULL,
    dismissed     BOOLEAN     NOT NULL,
    ended         TEXT,
    ended_at      TIMESTAMPTZ,
    CONSTRAINT drifts_pkey PRIMARY KEY (desk_id, id),
    CONSTRAINT drifts_product_known CHECK (product IN ('NRML', 'CNC', 'MIS')),
    CONSTRAINT drifts_repair_is_whole CHECK (
        (repair_lots IS NULL) = (repair_price IS NULL)
        AND (repair_lots IS NULL) = (repair_basis IS NULL)
        AND (repair_lots IS NULL) = (repair_reason IS NULL)),
    CONSTRAINT drifts_repair_gives_up_lots CHECK (repair_lots > 0),
    CONSTRAINT drifts_repair_price_is_a_price CHECK (repair_price > 0),
    CONSTRAINT drifts_basis_known CHECK (repair_basis IN ('traded', 'mark', 'stop', 'person')),
    CONSTRAINT drifts_reason_known CHECK (repair_reason IN ('drift', 'broker')),
    CONSTRAINT drifts_end_known CHECK (ended IN ('agreed', 'repaired', 'changed')),
    CONSTRAINT drifts_end_has_a_time CHECK ((ended IS NULL) = (ended_at IS NULL))
);
CREATE INDEX drifts_by_end ON drifts (desk_id, ended_at);

DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'torana_service') THEN
        GRANT SELECT, INSERT, UPDATE ON drifts TO torana_service;
    END IF;
END $$;

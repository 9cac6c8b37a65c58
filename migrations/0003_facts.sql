-- Why: facts are how the rows came about. Each is written once and never edited: a trigger refuses
-- it to everyone, the owner included. The payload is the journal's canonical text, kept as it was
-- hashed; each hash covers the one before, so a changed or missing fact is found.

CREATE TABLE facts (
    desk_id   INTEGER     NOT NULL,
    seq       BIGINT      NOT NULL,
    at        TIMESTAMPTZ NOT NULL,
    kind      TEXT        NOT NULL,
    signal_id TEXT,
    intent_id TEXT,
    order_id  TEXT,
    leg_id    TEXT,
    payload   TEXT        NOT NULL,
    hash      BYTEA       NOT NULL,
    doc       JSONB       GENERATED ALWAYS AS (payload::jsonb) STORED,
    CONSTRAINT facts_pkey PRIMARY KEY (desk_id, seq),
    CONSTRAINT facts_seq_counts CHECK (seq > 0),
    CONSTRAINT facts_hash_is_a_hash CHECK (octet_length(hash) = 32)
);
CREATE INDEX facts_by_signal ON facts (desk_id, signal_id, seq) WHERE signal_id IS NOT NULL;
CREATE INDEX facts_by_intent ON facts (desk_id, intent_id, seq) WHERE intent_id IS NOT NULL;
CREATE INDEX facts_by_leg ON facts (desk_id, leg_id, seq) WHERE leg_id IS NOT NULL;

CREATE FUNCTION facts_are_never_edited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a fact is never edited' USING
        ERRCODE = 'integrity_constraint_violation',
        TABLE = 'facts', CONSTRAINT = 'facts_are_never_edited';
END $$;

CREATE TRIGGER facts_keep_rows BEFORE UPDATE OR DELETE ON facts
    FOR EACH ROW EXECUTE FUNCTION facts_are_never_edited();
CREATE TRIGGER facts_keep_table BEFORE TRUNCATE ON facts
    FOR EACH STATEMENT EXECUTE FUNCTION facts_are_never_edited();
-- also where triggers are switched off for a session
ALTER TABLE facts ENABLE ALWAYS TRIGGER facts_keep_rows;
ALTER TABLE facts ENABLE ALWAYS TRIGGER facts_keep_table;

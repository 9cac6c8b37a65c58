-- Why: everything being taken out, and OpenAlgo's semi-automatic mode, are states of the desk that
-- outlive the process; a source's entries can be held back; an entry remembers the stricter profile
-- it was judged by; an operator's order under a key of its sender is answered once, word for word.

ALTER TABLE desks
    ADD COLUMN flatten   JSONB,
    ADD COLUMN semi_auto BOOLEAN NOT NULL DEFAULT false;

ALTER TABLE intents ADD COLUMN profile TEXT;

CREATE TABLE source_states (
    desk_id INTEGER NOT NULL,
    source  INTEGER NOT NULL,
    state   TEXT    NOT NULL,
    CONSTRAINT source_states_pkey PRIMARY KEY (desk_id, source),
    CONSTRAINT source_states_state_known CHECK (state IN ('active', 'reducing', 'frozen'))
);

-- `asked` is the hash of what was ordered: another order under the same name is refused.
CREATE TABLE person_orders (
    desk_id INTEGER     NOT NULL,
    cause   TEXT        NOT NULL,
    asked   BYTEA       NOT NULL,
    answer  TEXT        NOT NULL,
    at      TIMESTAMPTZ NOT NULL,
    CONSTRAINT person_orders_pkey PRIMARY KEY (desk_id, cause),
    CONSTRAINT person_orders_asked_is_a_hash CHECK (octet_length(asked) = 32)
);

DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'torana_service') THEN
        GRANT SELECT, INSERT, UPDATE ON source_states TO torana_service;
        GRANT SELECT, INSERT ON person_orders TO torana_service;
    END IF;
END $$;

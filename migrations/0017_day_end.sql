-- Why: what is known of a day's end and of a contract's must survive a restart: the freshest look, the
-- newest judgement (so that no phase is judged twice), a roll under way, a square-off that was late.

ALTER TABLE instrument_states
    ADD COLUMN look JSONB,
    ADD COLUMN eod  JSONB,
    ADD COLUMN roll JSONB,
    ADD COLUMN late DATE;

-- A judgement is a row beside the looks it was made of.
ALTER TABLE eod
    ALTER COLUMN signal_id DROP NOT NULL,
    ALTER COLUMN seen_at DROP NOT NULL,
    ADD COLUMN close_at TIMESTAMPTZ,
    ADD COLUMN phase    TEXT,
    ADD COLUMN would    TEXT,
    ADD COLUMN does     TEXT,
    ADD COLUMN why      TEXT,
    ADD COLUMN intent   TEXT,
    ADD CONSTRAINT eod_is_look_or_judgement CHECK ((seen_at IS NULL) = (phase IS NOT NULL)),
    ADD CONSTRAINT eod_phase_known CHECK (phase IN ('look', 'execute', 'marketable', 'close'));

-- What a roll opens in the new contract is neither an entry nor an add.
ALTER TABLE intents
    DROP CONSTRAINT intents_purpose_known,
    ADD CONSTRAINT intents_purpose_known CHECK (purpose IN ('entry', 'add', 'exit', 'stop', 'roll'));

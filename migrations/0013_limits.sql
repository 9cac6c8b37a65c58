-- Why: what has become of the limits of the day, and of those that only a person clears, has to
-- survive a restart: `limited` says that one of them, and no person, made the desk reduce, so that
-- the next day may lift it. Whether the broker counts an instrument as our rules say is kept with
-- the instrument. A broker's margin is worth as much as its age.

ALTER TABLE desks
    ADD COLUMN day_warned   BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN day_breached BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN day_limit    NUMERIC,
    ADD COLUMN drawdown_hit BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN streak_hit   BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN limited      BOOLEAN NOT NULL DEFAULT false;

ALTER TABLE instrument_states
    ADD COLUMN units_on      DATE,
    ADD COLUMN units_doubted BOOLEAN DEFAULT false;

ALTER TABLE marks ADD COLUMN margin_at TIMESTAMPTZ;

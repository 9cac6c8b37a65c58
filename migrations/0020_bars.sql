-- The close of the newest bar stands beside its time: the next bar's range begins there, and a second
-- version of the same bar (an alert that comes after history told of it) is compared with it.

ALTER TABLE instrument_states ADD COLUMN bar_close NUMERIC;

-- Why: history is asked for once. Rows of OpenAlgo's history, as short as they were asked for, so that
-- bars of any length are made of them by the sessions of the calendar. They belong to the market and
-- to no desk. What is fetched again and says something else takes the place of what was there.
CREATE TABLE bars (
    exchange   TEXT        NOT NULL,
    symbol     TEXT        NOT NULL,
    step_s     INTEGER     NOT NULL,
    at         TIMESTAMPTZ NOT NULL,
    open       NUMERIC     NOT NULL,
    high       NUMERIC     NOT NULL,
    low        NUMERIC     NOT NULL,
    close      NUMERIC     NOT NULL,
    volume     NUMERIC,
    interest   NUMERIC,
    source     TEXT        NOT NULL,
    fetched_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT bars_pkey PRIMARY KEY (exchange, symbol, step_s, at),
    CONSTRAINT bars_step_positive CHECK (step_s > 0),
    CONSTRAINT bars_prices_positive CHECK (low > 0),
    CONSTRAINT bars_prices_sound CHECK (low <= open AND low <= close AND open <= high AND close <= high),
    CONSTRAINT bars_counts_positive CHECK (volume >= 0 AND interest >= 0)
);

DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'torana_service') THEN
        GRANT SELECT, INSERT, UPDATE ON bars TO torana_service;
    END IF;
END $$;

-- Why: a desk is an account: one OpenAlgo, one pool of capital, one set of rules, one lock.
-- Its row is that lock. `seq` and `head` name the newest fact, so they also prove a cached book
-- fresh; `epoch` is the lease in force, under the same lock, so that nobody who lost the lease
-- can write. `mode` is the mode that made the desk: another mode is refused.

CREATE TABLE desks (
    desk_id         INTEGER     NOT NULL,
    name            TEXT        NOT NULL,
    mode            TEXT        NOT NULL,
    seq             BIGINT      NOT NULL DEFAULT 0,
    head            BYTEA       NOT NULL,
    last_at         TIMESTAMPTZ NOT NULL,
    epoch           BIGINT      NOT NULL DEFAULT 0,
    rules           TEXT        NOT NULL,
    state           TEXT        NOT NULL,
    opening         NUMERIC     NOT NULL DEFAULT 0,
    realised        NUMERIC     NOT NULL DEFAULT 0,
    high_water      NUMERIC     NOT NULL DEFAULT 0,
    day             DATE,
    day_base        NUMERIC     NOT NULL DEFAULT 0,
    day_cash        NUMERIC     NOT NULL DEFAULT 0,
    day_trades      BIGINT      NOT NULL DEFAULT 0,
    losing_streak   BIGINT      NOT NULL DEFAULT 0,
    funds_available NUMERIC,
    funds_at        TIMESTAMPTZ,
    made_at         TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT desks_pkey PRIMARY KEY (desk_id),
    CONSTRAINT desks_name_once UNIQUE (name),
    CONSTRAINT desks_state_known CHECK (state IN ('active', 'reducing', 'frozen')),
    CONSTRAINT desks_seq_counts CHECK (seq >= 0),
    CONSTRAINT desks_epoch_counts CHECK (epoch >= 0),
    CONSTRAINT desks_head_is_a_hash CHECK (octet_length(head) = 32)
);

-- What is known of an instrument beyond its market facts. `state` is null while only the waiting
-- second half of a reversal is known.
CREATE TABLE instrument_states (
    desk_id    INTEGER     NOT NULL,
    instrument TEXT        NOT NULL,
    state      TEXT,
    bar_at     TIMESTAMPTZ,
    atr        NUMERIC,
    stopped_at TIMESTAMPTZ,
    reversal   JSONB,
    CONSTRAINT instrument_states_pkey PRIMARY KEY (desk_id, instrument),
    CONSTRAINT instrument_states_state_known CHECK (state IN ('active', 'reducing', 'frozen'))
);

-- The newest accepted signal of each source and instrument: an older one is out of order.
CREATE TABLE newest_signals (
    desk_id    INTEGER     NOT NULL,
    source     INTEGER     NOT NULL,
    instrument TEXT        NOT NULL,
    at         TIMESTAMPTZ NOT NULL,
    CONSTRAINT newest_signals_pkey PRIMARY KEY (desk_id, source, instrument)
);

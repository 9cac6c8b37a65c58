-- Why: what facts say in passing and people ask for by itself: each fill, each movement of money,
-- each end-of-day look, each difference found. All carry the fact's own number.

CREATE TABLE fills (
    desk_id       INTEGER     NOT NULL,
    seq           BIGINT      NOT NULL,
    at            TIMESTAMPTZ NOT NULL,
    order_id      TEXT        NOT NULL,
    instrument    TEXT,
    contract      TEXT,
    side          TEXT,
    quantity      NUMERIC     NOT NULL,
    value         NUMERIC     NOT NULL,
    charges       NUMERIC     NOT NULL,
    added         NUMERIC     NOT NULL,
    added_charges NUMERIC     NOT NULL,
    CONSTRAINT fills_pkey PRIMARY KEY (desk_id, seq)
);
CREATE INDEX fills_by_order ON fills (desk_id, order_id, seq);

CREATE TABLE ledger (
    desk_id  INTEGER     NOT NULL,
    seq      BIGINT      NOT NULL,
    at       TIMESTAMPTZ NOT NULL,
    kind     TEXT        NOT NULL,
    amount   NUMERIC     NOT NULL,
    before   NUMERIC     NOT NULL,
    after    NUMERIC     NOT NULL,
    order_id TEXT,
    CONSTRAINT ledger_pkey PRIMARY KEY (desk_id, seq),
    CONSTRAINT ledger_kind_known
        CHECK (kind IN ('opening', 'deposit', 'withdrawal', 'realised', 'charges')),
    CONSTRAINT ledger_adds_up CHECK (before + amount = after)
);

CREATE TABLE eod (
    desk_id    INTEGER     NOT NULL,
    seq        BIGINT      NOT NULL,
    at         TIMESTAMPTZ NOT NULL,
    signal_id  TEXT        NOT NULL,
    instrument TEXT        NOT NULL,
    seen_at    TIMESTAMPTZ NOT NULL,
    CONSTRAINT eod_pkey PRIMARY KEY (desk_id, seq)
);

CREATE TABLE findings (
    desk_id    INTEGER     NOT NULL,
    seq        BIGINT      NOT NULL,
    at         TIMESTAMPTZ NOT NULL,
    instrument TEXT,
    order_id   TEXT,
    code       TEXT        NOT NULL,
    ours       TEXT        NOT NULL,
    theirs     TEXT        NOT NULL,
    CONSTRAINT findings_pkey PRIMARY KEY (desk_id, seq)
);

-- What a person is to be told; sent by whoever holds the lease.
CREATE TABLE notices (
    desk_id   INTEGER     NOT NULL,
    notice_id BIGINT      NOT NULL GENERATED ALWAYS AS IDENTITY,
    at        TIMESTAMPTZ NOT NULL,
    severity  TEXT        NOT NULL,
    text      TEXT        NOT NULL,
    sent_at   TIMESTAMPTZ,
    CONSTRAINT notices_pkey PRIMARY KEY (desk_id, notice_id),
    CONSTRAINT notices_severity_known CHECK (severity IN ('info', 'warning', 'page'))
);
CREATE INDEX notices_unsent ON notices (desk_id, notice_id) WHERE sent_at IS NULL;

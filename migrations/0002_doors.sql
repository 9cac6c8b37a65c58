-- Why: who may send, who may order, and what every sender was answered. Of secrets and tokens only
-- the SHA-256 is kept; signing keys never come here. An answer is kept byte for byte, so that a
-- duplicate gets the first one word for word.

CREATE TABLE sources (
    desk_id      INTEGER     NOT NULL,
    source       INTEGER     NOT NULL,
    name         TEXT        NOT NULL,
    secret_hash  BYTEA       NOT NULL,
    older_hash   BYTEA,
    older_until  TIMESTAMPTZ,
    instruments  TEXT[]      NOT NULL DEFAULT '{}',
    kinds        TEXT[]      NOT NULL DEFAULT '{}',
    sides        TEXT[]      NOT NULL DEFAULT '{}',
    addresses    TEXT[]      NOT NULL DEFAULT '{}',
    signature    TEXT        NOT NULL DEFAULT 'off',
    product      TEXT,
    profile      TEXT,
    made_at      TIMESTAMPTZ NOT NULL,
    disabled_at  TIMESTAMPTZ,
    CONSTRAINT sources_pkey PRIMARY KEY (desk_id, source),
    CONSTRAINT sources_name_once UNIQUE (desk_id, name),
    CONSTRAINT sources_secret_once UNIQUE (desk_id, secret_hash),
    CONSTRAINT sources_secret_is_a_hash CHECK (octet_length(secret_hash) = 32),
    CONSTRAINT sources_older_is_a_hash CHECK (octet_length(older_hash) = 32),
    CONSTRAINT sources_older_ends CHECK ((older_hash IS NULL) = (older_until IS NULL)),
    CONSTRAINT sources_signature_known CHECK (signature IN ('off', 'optional', 'required')),
    CONSTRAINT sources_product_known CHECK (product IN ('NRML', 'CNC', 'MIS'))
);

CREATE TABLE tokens (
    desk_id    INTEGER     NOT NULL,
    name       TEXT        NOT NULL,
    hash       BYTEA       NOT NULL,
    made_at    TIMESTAMPTZ NOT NULL,
    revoked_at TIMESTAMPTZ,
    CONSTRAINT tokens_pkey PRIMARY KEY (desk_id, name),
    CONSTRAINT tokens_hash_once UNIQUE (desk_id, hash),
    CONSTRAINT tokens_hash_is_a_hash CHECK (octet_length(hash) = 32)
);

-- `signals_pkey` is the one constraint that means "seen before". `stored_at` is the database's own
-- clock: it measures the window in which the same bytes without a time are the same alert.
CREATE TABLE signals (
    desk_id     INTEGER     NOT NULL,
    signal_id   TEXT        NOT NULL,
    source      INTEGER     NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    moment      TIMESTAMPTZ,
    kind        TEXT        NOT NULL,
    instrument  TEXT,
    alert_id    TEXT,
    body_hash   BYTEA,
    record      TEXT        NOT NULL,
    verdict     TEXT        NOT NULL,
    code        TEXT        NOT NULL,
    status      INTEGER     NOT NULL,
    answer      TEXT        NOT NULL,
    stored_at   TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT signals_pkey PRIMARY KEY (desk_id, signal_id),
    CONSTRAINT signals_verdict_known
        CHECK (verdict IN ('accepted', 'rejected', 'recorded', 'invalid')),
    CONSTRAINT signals_status_is_http CHECK (status BETWEEN 100 AND 599)
);
CREATE INDEX signals_by_alert ON signals (desk_id, source, alert_id) WHERE alert_id IS NOT NULL;
CREATE INDEX signals_by_body ON signals (desk_id, body_hash, stored_at) WHERE body_hash IS NOT NULL;
CREATE INDEX signals_by_time ON signals (desk_id, received_at, signal_id);

-- Why: the book as the facts left it: what decisions are made on. The columns are the names of the
-- journal, so a row is written and read through the one text form there is.
-- Constraints guard what we decide. What the broker reports is always storable: filled, value and
-- charges have no bounds, and a position the broker opened while we knew of another is `surplus`.

CREATE TABLE positions (
    desk_id         INTEGER     NOT NULL,
    id              TEXT        NOT NULL,
    instrument      TEXT        NOT NULL,
    contract        TEXT        NOT NULL,
    direction       TEXT        NOT NULL,
    product         TEXT        NOT NULL,
    source          INTEGER     NOT NULL,
    opened_at       TIMESTAMPTZ NOT NULL,
    closed_at       TIMESTAMPTZ,
    adds            BIGINT      NOT NULL,
    last_entry      NUMERIC     NOT NULL,
    base_entry      NUMERIC     NOT NULL,
    base_stop       NUMERIC     NOT NULL,
    base_risk       NUMERIC     NOT NULL,
    closed_add_loss NUMERIC     NOT NULL,
    net             NUMERIC     NOT NULL,
    surplus         BOOLEAN     NOT NULL,
    CONSTRAINT positions_pkey PRIMARY KEY (desk_id, id),
    CONSTRAINT positions_direction_known CHECK (direction IN ('long', 'short')),
    CONSTRAINT positions_product_known CHECK (product IN ('NRML', 'CNC', 'MIS')),
    CONSTRAINT positions_stop_is_a_price CHECK (base_stop > 0)
);
CREATE UNIQUE INDEX positions_one_open ON positions (desk_id, instrument)
    WHERE closed_at IS NULL AND NOT surplus;
CREATE INDEX positions_by_end ON positions (desk_id, closed_at);

CREATE TABLE legs (
    desk_id     INTEGER     NOT NULL,
    id          TEXT        NOT NULL,
    position    TEXT        NOT NULL,
    instrument  TEXT        NOT NULL,
    contract    TEXT        NOT NULL,
    direction   TEXT        NOT NULL,
    product     TEXT        NOT NULL,
    base        BOOLEAN     NOT NULL,
    layer       SMALLINT    NOT NULL,
    lots        BIGINT      NOT NULL,
    opened_lots BIGINT      NOT NULL,
    cost        NUMERIC     NOT NULL,
    entry       NUMERIC     NOT NULL,
    first_stop  NUMERIC     NOT NULL,
    stop        NUMERIC     NOT NULL,
    target      NUMERIC,
    atr         NUMERIC,
    best        NUMERIC     NOT NULL,
    risk        NUMERIC     NOT NULL,
    gross       NUMERIC     NOT NULL,
    charges     NUMERIC     NOT NULL,
    exits       INTEGER     NOT NULL,
    opened_at   TIMESTAMPTZ NOT NULL,
    closed_at   TIMESTAMPTZ,
    reason      TEXT,
    CONSTRAINT legs_pkey PRIMARY KEY (desk_id, id),
    CONSTRAINT legs_position_there FOREIGN KEY (desk_id, position) REFERENCES positions (desk_id, id),
    CONSTRAINT legs_direction_known CHECK (direction IN ('long', 'short')),
    CONSTRAINT legs_product_known CHECK (product IN ('NRML', 'CNC', 'MIS')),
    CONSTRAINT legs_first_stop_is_a_price CHECK (first_stop > 0),
    CONSTRAINT legs_stop_is_a_price CHECK (stop > 0),
    CONSTRAINT legs_target_is_a_price CHECK (target > 0),
    CONSTRAINT legs_reason_known CHECK (reason IN (
        'stop', 'trailing_stop', 'breakeven', 'target', 'signal', 'square_off', 'eod', 'peel_off',
        'rollover', 'expiry', 'day_limit', 'margin', 'operator', 'kill', 'drift', 'broker'))
);
CREATE INDEX legs_by_position ON legs (desk_id, position);
CREATE INDEX legs_by_end ON legs (desk_id, closed_at);

-- An entry or add has layer, price, stop and the record of its gates; an exit has its reason.
CREATE TABLE intents (
    desk_id     INTEGER     NOT NULL,
    id          TEXT        NOT NULL,
    purpose     TEXT        NOT NULL,
    signal      TEXT,
    instrument  TEXT        NOT NULL,
    contract    TEXT        NOT NULL,
    direction   TEXT        NOT NULL,
    product     TEXT        NOT NULL,
    position    TEXT        NOT NULL,
    leg         TEXT        NOT NULL,
    lots        BIGINT,
    filled      BIGINT      NOT NULL,
    valid_until TIMESTAMPTZ,
    by_person   BOOLEAN     NOT NULL,
    orders      INTEGER     NOT NULL,
    failures    INTEGER     NOT NULL,
    at          TIMESTAMPTZ NOT NULL,
    ended_at    TIMESTAMPTZ,
    ended_why   TEXT,
    reason      TEXT,
    layer       SMALLINT,
    price       NUMERIC,
    stop        NUMERIC,
    target      NUMERIC,
    atr         NUMERIC,
    er          NUMERIC,
    cap         BIGINT,
    source      INTEGER,
    trace       JSONB,
    CONSTRAINT intents_pkey PRIMARY KEY (desk_id, id),
    CONSTRAINT intents_purpose_known CHECK (purpose IN ('entry', 'add', 'exit', 'stop')),
    CONSTRAINT intents_direction_known CHECK (direction IN ('long', 'short')),
    CONSTRAINT intents_product_known CHECK (product IN ('NRML', 'CNC', 'MIS')),
    CONSTRAINT intents_lots_asked CHECK (lots > 0),
    CONSTRAINT intents_price_is_a_price CHECK (price > 0),
    CONSTRAINT intents_stop_is_a_price CHECK (stop > 0),
    CONSTRAINT intents_target_is_a_price CHECK (target > 0),
    CONSTRAINT intents_end_has_a_reason CHECK ((ended_at IS NULL) = (ended_why IS NULL)),
    CONSTRAINT intents_end_known CHECK (
        ended_why IN ('done', 'expired', 'not_placed', 'refused', 'broker', 'superseded', 'operator')
        OR ended_why LIKE 'second_look:%'),
    CONSTRAINT intents_entry_is_whole CHECK (
        reason IS NOT NULL
        OR (lots, layer, price, stop, er, source, trace) IS NOT NULL),
    CONSTRAINT intents_reason_known CHECK (reason IN (
        'stop', 'trailing_stop', 'breakeven', 'target', 'signal', 'square_off', 'eod', 'peel_off',
        'rollover', 'expiry', 'day_limit', 'margin', 'operator', 'kill', 'drift', 'broker'))
);
CREATE INDEX intents_by_end ON intents (desk_id, ended_at);
CREATE INDEX intents_by_signal ON intents (desk_id, signal) WHERE signal IS NOT NULL;
CREATE INDEX intents_by_time ON intents (desk_id, at);

CREATE TABLE orders (
    desk_id           INTEGER     NOT NULL,
    id                TEXT        NOT NULL,
    intent            TEXT        NOT NULL,
    instrument        TEXT        NOT NULL,
    contract          TEXT        NOT NULL,
    product           TEXT        NOT NULL,
    side              TEXT        NOT NULL,
    lots              BIGINT      NOT NULL,
    quantity          NUMERIC     NOT NULL,
    pricing           TEXT,
    price             NUMERIC,
    trigger_price     NUMERIC,
    state             TEXT        NOT NULL,
    epoch             BIGINT,
    ended             TEXT,
    broker_id         TEXT,
    filled            NUMERIC     NOT NULL,
    value             NUMERIC     NOT NULL,
    charges           NUMERIC     NOT NULL,
    not_before        TIMESTAMPTZ,
    cancel            TEXT,
    cancel_why        TEXT,
    cancel_not_before TIMESTAMPTZ,
    baseline          TEXT[]      NOT NULL,
    claimed_at        TIMESTAMPTZ,
    sent_at           TIMESTAMPTZ,
    closed_at         TIMESTAMPTZ,
    CONSTRAINT orders_pkey PRIMARY KEY (desk_id, id),
    CONSTRAINT orders_intent_there FOREIGN KEY (desk_id, intent) REFERENCES intents (desk_id, id),
    CONSTRAINT orders_product_known CHECK (product IN ('NRML', 'CNC', 'MIS')),
    CONSTRAINT orders_side_known CHECK (side IN ('BUY', 'SELL')),
    CONSTRAINT orders_lots_asked CHECK (lots > 0),
    CONSTRAINT orders_quantity_asked CHECK (quantity > 0 OR (quantity = 0 AND claimed_at IS NULL)),
    CONSTRAINT orders_pricing_known CHECK (pricing IN ('MARKET', 'LIMIT', 'SL')),
    CONSTRAINT orders_price_asked CHECK (price > 0),
    CONSTRAINT orders_trigger_asked CHECK (trigger_price > 0),
    CONSTRAINT orders_state_known CHECK (
        state IN ('wanted', 'sending', 'sent', 'queued', 'uncertain', 'closed')),
    CONSTRAINT orders_sending_has_a_lease CHECK ((state = 'sending') = (epoch IS NOT NULL)),
    CONSTRAINT orders_end_known CHECK (
        ended IN ('filled', 'cancelled', 'rejected', 'expired', 'refused', 'not_placed')),
    CONSTRAINT orders_closed_has_an_end CHECK (
        (state = 'closed') = (ended IS NOT NULL) AND (state = 'closed') <= (closed_at IS NOT NULL)),
    CONSTRAINT orders_cancel_known CHECK (cancel IN ('wanted', 'taken')),
    CONSTRAINT orders_cancel_why_known CHECK (
        cancel_why IN ('wait', 'reprice', 'exit', 'operator'))
);
CREATE INDEX orders_by_intent ON orders (desk_id, intent);
CREATE INDEX orders_by_end ON orders (desk_id, closed_at);
CREATE INDEX orders_by_broker_id ON orders (desk_id, broker_id) WHERE broker_id IS NOT NULL;

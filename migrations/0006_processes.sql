-- Why: courier and monitor of a desk run in one process at a time: the one that holds its lease.
-- Marks are prices as seen, written by that process several times a second and worth nothing after
-- a crash, hence unlogged.

CREATE TABLE leases (
    desk_id    INTEGER     NOT NULL,
    epoch      BIGINT      NOT NULL,
    holder     TEXT        NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT leases_pkey PRIMARY KEY (desk_id),
    CONSTRAINT leases_desk_there FOREIGN KEY (desk_id) REFERENCES desks (desk_id)
);

-- `name` is a contract's symbol, or for a chart the instrument whose alerts come from it.
CREATE UNLOGGED TABLE marks (
    desk_id INTEGER     NOT NULL,
    kind    TEXT        NOT NULL,
    name    TEXT        NOT NULL,
    price   NUMERIC     NOT NULL,
    bid     NUMERIC,
    ask     NUMERIC,
    at      TIMESTAMPTZ NOT NULL,
    margin  NUMERIC,
    CONSTRAINT marks_pkey PRIMARY KEY (desk_id, kind, name),
    CONSTRAINT marks_kind_known CHECK (kind IN ('contract', 'chart')),
    CONSTRAINT marks_price_is_a_price CHECK (price > 0)
);

-- Why: people are told by channels that can be away. A notice is written once, under a key that the
-- same thing said again within a while has too; each channel it goes to has a delivery of its own,
-- tried until it is taken. Notices are made from facts: the cursor is the last fact that was read.

DROP INDEX notices_unsent;
ALTER TABLE notices DROP COLUMN sent_at;
ALTER TABLE notices ADD COLUMN key TEXT NOT NULL;
ALTER TABLE notices ADD CONSTRAINT notices_key_once UNIQUE (desk_id, key);

CREATE TABLE deliveries (
    desk_id    INTEGER     NOT NULL,
    notice_id  BIGINT      NOT NULL,
    channel    TEXT        NOT NULL,
    attempts   INTEGER     NOT NULL DEFAULT 0,
    not_before TIMESTAMPTZ NOT NULL,
    sent_at    TIMESTAMPTZ,
    given_up   BOOLEAN     NOT NULL DEFAULT false,
    error      TEXT,
    CONSTRAINT deliveries_pkey PRIMARY KEY (desk_id, notice_id, channel),
    CONSTRAINT deliveries_notice_there
        FOREIGN KEY (desk_id, notice_id) REFERENCES notices (desk_id, notice_id),
    CONSTRAINT deliveries_channel_known CHECK (channel IN ('telegram', 'mail'))
);
CREATE INDEX deliveries_due ON deliveries (desk_id, channel, not_before)
    WHERE sent_at IS NULL AND NOT given_up;

CREATE TABLE notice_cursors (
    desk_id    INTEGER     NOT NULL,
    seq        BIGINT      NOT NULL,
    signals_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT notice_cursors_pkey PRIMARY KEY (desk_id),
    CONSTRAINT notice_cursors_desk_there FOREIGN KEY (desk_id) REFERENCES desks (desk_id)
);

DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'torana_service') THEN
        GRANT SELECT, INSERT, UPDATE ON deliveries, notice_cursors TO torana_service;
    END IF;
END $$;

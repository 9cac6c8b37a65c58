-- Why: an order that rests at the broker until its trigger is touched can be changed. Where a change
-- stands, how often it was changed and whether it was seen waiting must survive a restart, or a
-- leg might be sold twice: by its resting order and by us.

ALTER TABLE orders
    ADD COLUMN modify          TEXT,
    ADD COLUMN modify_lots     BIGINT,
    ADD COLUMN modify_quantity NUMERIC,
    ADD COLUMN modify_trigger  NUMERIC,
    ADD COLUMN modify_limit    NUMERIC,
    ADD COLUMN modify_at       TIMESTAMPTZ,
    ADD COLUMN modified        INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN doubted         BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN armed           BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN fired_at        TIMESTAMPTZ,
    ADD CONSTRAINT orders_modify_known CHECK (modify IN ('wanted', 'taken')),
    ADD CONSTRAINT orders_change_is_whole CHECK (
        num_nonnulls(modify, modify_lots, modify_quantity, modify_trigger, modify_limit) IN (0, 5)),
    ADD CONSTRAINT orders_change_asked CHECK (
        modify_lots > 0 AND modify_quantity > 0 AND modify_trigger > 0 AND modify_limit > 0);

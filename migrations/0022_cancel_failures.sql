-- Why: a cancel that does not come through is tried ever less often while an outage lasts. How often it
-- failed must survive a restart, or each restart would begin with a crowd of calls.

ALTER TABLE orders
    ADD COLUMN cancel_failures INTEGER NOT NULL DEFAULT 0,
    ADD CONSTRAINT orders_cancel_failures_counted CHECK (cancel_failures >= 0);

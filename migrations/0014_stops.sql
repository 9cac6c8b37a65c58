-- Why: stops are watched. A leg knows why its stop stands where it does (that is the reason of the
-- exit it leads to), which bar of its series it was judged on last (the same bar twice changes
-- nothing), and whose bars those are.

ALTER TABLE legs
    ADD COLUMN stop_why TEXT NOT NULL DEFAULT 'first',
    ADD COLUMN bar_at   TIMESTAMPTZ,
    ADD COLUMN series   INTEGER,
    ADD CONSTRAINT legs_stop_why_known CHECK (stop_why IN ('first', 'trailing', 'breakeven'));

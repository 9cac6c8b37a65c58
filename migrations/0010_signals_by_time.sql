-- Why: plans are made once (plan_cache_mode), often while the table is still empty, and then an
-- index that begins with the desk looked as good for finding one signal as the key itself: it would
-- have read every signal of the desk for each alert. This one can only serve lists by time.

DROP INDEX signals_by_time;
CREATE INDEX signals_by_time ON signals (received_at, desk_id);

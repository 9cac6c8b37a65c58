-- Why: a price is only as good as who says it: whoever looks at a position sees whether the feed
-- speaks, REST has taken over, or an alert's price stands in. Charts have none: they give a distance.

ALTER TABLE marks ADD COLUMN source TEXT;
ALTER TABLE marks ADD CONSTRAINT marks_source_known CHECK (source IN ('feed', 'rest', 'bar', 'alert'));

-- Why: the record of a decision is some 3 kB, twice (text and JSONB). Compressing it the old way is
-- most of what a rejection costs the server; lz4 takes a tenth of the time. A server built without
-- it keeps the old way.

DO $$ BEGIN
    ALTER TABLE facts
        ALTER COLUMN payload SET COMPRESSION lz4,
        ALTER COLUMN doc SET COMPRESSION lz4;
    ALTER TABLE intents ALTER COLUMN trace SET COMPRESSION lz4;
    ALTER TABLE signals ALTER COLUMN record SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    RAISE NOTICE 'this server has no lz4; records are compressed with pglz';
END $$;

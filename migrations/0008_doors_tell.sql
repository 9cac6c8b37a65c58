-- Why: doors keep sources and tokens in memory; every process hears at once when one is added,
-- rotated, disabled or revoked, whoever did it.

CREATE FUNCTION doors_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('torana_doors', NEW.desk_id::text);
    RETURN NULL;
END $$;

CREATE TRIGGER sources_tell AFTER INSERT OR UPDATE ON sources
    FOR EACH ROW EXECUTE FUNCTION doors_tell();
CREATE TRIGGER tokens_tell AFTER INSERT OR UPDATE ON tokens
    FOR EACH ROW EXECUTE FUNCTION doors_tell();

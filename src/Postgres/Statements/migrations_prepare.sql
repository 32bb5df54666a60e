-- The schema that search_path names, and the record of what was applied to it.
-- CREATE SCHEMA asks for a right on the database even when the schema exists: hence the check before it.
DO $$
BEGIN
    IF to_regnamespace(current_setting('search_path')) IS NULL THEN
        EXECUTE 'CREATE SCHEMA ' || current_setting('search_path');
    END IF;
    IF to_regclass(current_setting('search_path') || '.schema_migrations') IS NULL THEN
        CREATE TABLE schema_migrations (
            version    integer     CONSTRAINT migration_is_applied_once PRIMARY KEY,
            name       text        NOT NULL,
            checksum   text        NOT NULL,
            -- The oldest program that can go on, by the version that it knows.
            oldest_program integer NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT migration_versions_start_at_one CHECK (version >= 1)
        );
    ELSIF NOT EXISTS (
        SELECT 1 FROM pg_attribute
        WHERE attrelid = to_regclass(current_setting('search_path') || '.schema_migrations') AND attname = 'oldest_program'
    ) THEN
        ALTER TABLE schema_migrations ADD COLUMN oldest_program integer;
        UPDATE schema_migrations SET oldest_program = version;
        ALTER TABLE schema_migrations ALTER COLUMN oldest_program SET NOT NULL;
    END IF;
END
$$;

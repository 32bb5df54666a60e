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
            applied_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT migration_versions_start_at_one CHECK (version >= 1)
        );
    END IF;
END
$$;

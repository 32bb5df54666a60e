-- Records from before the column existed ask for a program that knows them.
SELECT version, name, checksum, coalesce((to_jsonb(m) ->> 'oldest_program')::integer, version)
FROM schema_migrations m
ORDER BY version;

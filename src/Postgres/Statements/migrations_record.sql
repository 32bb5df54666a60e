INSERT INTO schema_migrations (version, name, checksum, oldest_program) VALUES ($1, $2, $3, $4);

-- One process migrates a schema at a time; the others wait here.
SELECT pg_advisory_lock(hashtextextended('heal.migrations:' || $1, 0));

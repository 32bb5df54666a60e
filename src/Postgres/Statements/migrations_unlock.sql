SELECT pg_advisory_unlock(hashtextextended('heal.migrations:' || $1, 0));

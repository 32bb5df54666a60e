-- Until the connection ends. Shared, so that a new connection need not wait until the server has noticed the end of the old one.
SELECT pg_advisory_lock_shared(hashtextextended('heal.session:' || $1, 0));

-- Of these sessions those that nobody holds any more. The lock is free again at the end of the statement.
SELECT session FROM unnest($1::text[]) AS session
WHERE pg_try_advisory_xact_lock(hashtextextended('heal.session:' || session, 0));

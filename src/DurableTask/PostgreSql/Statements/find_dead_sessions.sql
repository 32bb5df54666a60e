-- The other sessions, and which of them nobody holds any more; those already found dead once more after $2. None is dead during the first
-- $3 of the server's life: after its restart everybody has to come back first. "Not between", because the clock may have been set back. The
-- lock is free again at the end of the statement.
SELECT session,
       bool_or((died_at IS NULL OR now() - died_at NOT BETWEEN interval '0' AND $2)
               AND now() - pg_postmaster_start_time() NOT BETWEEN interval '0' AND $3
               AND pg_try_advisory_xact_lock(hashtextextended('heal.session:' || session, 0))) AS is_dead
FROM workers
WHERE session <> $1
GROUP BY session;

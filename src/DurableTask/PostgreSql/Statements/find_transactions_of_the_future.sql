-- Whether transactions are open that began by a clock that was ahead by more than $1: now() is still the old time for them. Those of roles
-- whose activity we may not see do not count.
SELECT EXISTS (
    SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start > clock_timestamp() + $1);

-- What to watch in a task hub, one query per question. Run with psql, the schema's name in search_path:
--
--   PGOPTIONS='-c search_path=healhub' psql -d heal -f deploy/postgresql/monitoring.sql
--
-- A role that is a member of pg_monitor sees all of it; other roles see no queries of other roles.

\echo 'Instances by status: 0 running, 1 completed, 3 failed, 4 cancelled, 5 terminated, 6 pending, 7 suspended'
SELECT status, count(*) AS instances, min(updated_at) AS oldest_change FROM instances GROUP BY status ORDER BY status;

\echo 'How long the oldest message has been waiting for a worker. More than seconds: too few workers, or none'
SELECT count(*) AS waiting, coalesce(max(now() - visible_at), interval '0') AS oldest FROM inbox WHERE visible_at <= now();

\echo 'The same for activities'
SELECT count(*) AS waiting, coalesce(max(now() - visible_at), interval '0') AS oldest FROM activities WHERE visible_at <= now();

\echo 'Activities that were delivered again and again: they kill their worker, or outlive their lease'
SELECT instance_id, name, delivery_count FROM activities WHERE delivery_count > 3 ORDER BY delivery_count DESC LIMIT 20;

\echo 'Timers: how many, and when the next one is due'
SELECT count(*) AS timers, min(visible_at) AS next_due FROM inbox WHERE timer_id IS NOT NULL;

\echo 'Processes, and whether each still holds the lock that says that it lives'
SELECT w.worker_id, w.registered_at, w.died_at, l.pid IS NOT NULL AS lives
FROM workers w
CROSS JOIN LATERAL hashtextextended('heal.session:' || w.session, 0) AS key
LEFT JOIN pg_locks l
    ON l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted AND ((l.classid::bigint << 32) | l.objid::bigint) = key
ORDER BY w.registered_at;

\echo 'Sessions of the hub by state. One "idle in transaction" for seconds: a process hangs; it is cut off after 25 s'
SELECT state, wait_event_type, count(*), max(now() - state_change) AS longest
FROM pg_stat_activity WHERE application_name = 'durable-task-hub' GROUP BY state, wait_event_type ORDER BY count(*) DESC;

\echo 'Connections in use, of how many'
SELECT count(*) AS used, current_setting('max_connections')::integer AS most FROM pg_stat_activity WHERE backend_type = 'client backend';

\echo 'Bloat: dead rows, and when vacuum came last. Dead rows that only grow: something holds vacuum back, see the next query'
SELECT relname, n_live_tup AS live, n_dead_tup AS dead, last_autovacuum, pg_size_pretty(pg_total_relation_size(relid)) AS size
FROM pg_stat_user_tables WHERE schemaname = current_schema() ORDER BY n_dead_tup DESC;

\echo 'What holds vacuum back: old transactions, replication slots, prepared transactions'
SELECT 'session ' || pid AS holder, age(backend_xmin) AS transactions FROM pg_stat_activity WHERE backend_xmin IS NOT NULL
UNION ALL SELECT 'slot ' || slot_name, age(coalesce(xmin, catalog_xmin)) FROM pg_replication_slots
UNION ALL SELECT 'prepared ' || gid, age(transaction) FROM pg_prepared_xacts
ORDER BY transactions DESC NULLS LAST LIMIT 10;

\echo 'Schema version, and the oldest program that can work with each step'
SELECT version, name, oldest_program, applied_at FROM schema_migrations ORDER BY version;

\echo 'Archiving: failures mean that a restore will end there'
SELECT archived_count, last_archived_wal, last_archived_time, failed_count, last_failed_wal FROM pg_stat_archiver;

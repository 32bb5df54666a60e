-- Two healers may watch for a moment: the newest word stays.
INSERT INTO machine (host, uuid, name, state, reason, run_id, ran_at, stopped_by, events, seen_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10)
ON CONFLICT ON CONSTRAINT a_domain_is_remembered_once_per_host DO UPDATE
SET name = excluded.name, state = excluded.state, reason = excluded.reason, run_id = excluded.run_id, ran_at = excluded.ran_at,
    stopped_by = excluded.stopped_by, events = excluded.events, seen_at = excluded.seen_at
WHERE machine.seen_at <= excluded.seen_at;

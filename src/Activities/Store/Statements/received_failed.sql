-- A null in the list of times parks the signal.
UPDATE received_signal
SET attempts = failed.attempts, reason = failed.reason, due_at = failed.due_at, looked_at = NULL,
    parked_at = CASE WHEN failed.due_at IS NULL THEN $5::timestamptz END
FROM unnest($1::text[], $2::integer[], $3::text[], $4::timestamptz[]) AS failed (id, attempts, reason, due_at)
WHERE signal_id = failed.id AND routed_at IS NULL;

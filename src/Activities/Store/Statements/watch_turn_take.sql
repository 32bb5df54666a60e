-- Begins the turn of a host, or renews it. Of two that race the second waits for the row, and then finds a turn that has not ended.
INSERT INTO watch_turn AS turn (watch, holder, since, ends_at)
VALUES ($1, $2, clock_timestamp(), clock_timestamp() + $3::interval)
ON CONFLICT (watch) DO UPDATE
SET holder  = excluded.holder,
    since   = CASE WHEN turn.holder = excluded.holder THEN turn.since ELSE excluded.since END,
    ends_at = clock_timestamp() + $3::interval
WHERE turn.holder = excluded.holder OR turn.ends_at <= clock_timestamp();

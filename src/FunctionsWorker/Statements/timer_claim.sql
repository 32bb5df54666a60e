-- One of many hosts gets the occurrence ($3; null: a run beside the schedule): the others find its lease.
-- An expired lease is taken from who held it only by its fence ($7), which says that it was seen expired before.
UPDATE timers
SET owner = $4, started_at = $5, leased_until = clock_timestamp() + $6::interval, fence = fence + 1
WHERE function = $1
  AND schedule = $2
  AND ($3::timestamptz IS NULL OR next_due = $3::timestamptz)
  AND (owner IS NULL OR (fence = $7::bigint AND leased_until < clock_timestamp()))
RETURNING fence, last_started, next_due, updated_at;

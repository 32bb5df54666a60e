-- The row of a function, made or brought to its schedule. $5: what was due before is left out; null: it is kept, to be made up for.
INSERT INTO timers (function, schedule, next_due, updated_at)
VALUES ($1, $2, $3::timestamptz, $4)
ON CONFLICT (function) DO UPDATE
SET schedule = excluded.schedule, next_due = excluded.next_due, updated_at = excluded.updated_at
WHERE timers.schedule <> excluded.schedule
   OR timers.next_due IS NULL
   OR (timers.next_due < $5::timestamptz AND timers.owner IS NULL);

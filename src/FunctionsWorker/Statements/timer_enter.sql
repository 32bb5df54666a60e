-- The row of a function, made or brought to its schedule. $5: what was due before is left out; null: it is kept, to be made up for.
-- What was written by a clock ahead of $4 by more than $6 gives way when it would keep the function silent.
INSERT INTO timers (function, schedule, next_due, updated_at)
VALUES ($1, $2, $3::timestamptz, $4)
ON CONFLICT (function) DO UPDATE
SET schedule = excluded.schedule, next_due = excluded.next_due, updated_at = excluded.updated_at
WHERE timers.schedule <> excluded.schedule
   OR timers.next_due IS NULL
   OR (timers.next_due < $5::timestamptz AND timers.owner IS NULL)
   OR (timers.updated_at > $4::timestamptz + $6::interval AND timers.next_due > $3::timestamptz AND timers.owner IS NULL);

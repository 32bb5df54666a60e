-- The run is over. The next time ($4) is that of the schedule that ran ($3): one that came meanwhile keeps its own; nor is it touched by
-- a run beside the schedule ($5).
UPDATE timers
SET last_started = started_at,
    next_due = CASE WHEN schedule = $3 AND NOT $5::boolean THEN $4::timestamptz ELSE next_due END,
    updated_at = $6,
    owner = NULL,
    started_at = NULL,
    leased_until = NULL
WHERE function = $1 AND fence = $2 AND owner IS NOT NULL
RETURNING fence;

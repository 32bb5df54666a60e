-- What this worker holds with a row. The index by time leads to the leased activities only, which are few; those that wait for a place
-- under a limit come behind them all.
SELECT id, instance_id, task_id, fence FROM activities WHERE visible_at > now() AND visible_at < 'infinity' AND locked_by = $1;

-- Another operation on the target that has begun and not ended. Steps are kept under a target of their own and do not count. What an
-- incident that is closed has left unfinished goes on no more; an undo may still: it comes due after the incident.
SELECT key
FROM operation_ledger AS other
WHERE target_key = $1 AND key <> $2 AND state = 'intended' AND intended_at > $3
    AND (undoes IS NOT NULL OR NOT EXISTS (
        SELECT 1 FROM incident WHERE incident.incident_id = other.incident_id AND incident.closed_at IS NOT NULL))
ORDER BY intended_at
LIMIT 1;

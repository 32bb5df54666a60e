-- Operations that took effect, or may have, by other incidents than this one. An operation that was undone did not last either: it counts.
SELECT key, incident_id, action_id, coalesce(finished_at, intended_at), removed_template_hash, state <> 'intended'
FROM operation_ledger
WHERE target_key = $1 AND incident_id <> $2 AND undoes IS NULL AND state <> 'abandoned' AND intended_at > $3
ORDER BY intended_at DESC
LIMIT $4;

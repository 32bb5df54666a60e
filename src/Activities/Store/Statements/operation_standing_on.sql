-- A temporary effect that was made after another one, on the same object or by the same action on the same target, and has not ended.
SELECT later.key
FROM operation_ledger AS later
JOIN expiry ON expiry.operation_key = later.key AND expiry.ended_at IS NULL
WHERE (later.key = $1 OR (later.target_key = $2 AND later.action_id = $3))
    AND later.key <> $4 AND later.intended_at > $5 AND later.undoes IS NULL AND later.state <> 'abandoned'
    AND NOT EXISTS (SELECT 1 FROM operation_ledger AS undo WHERE undo.undoes = later.key AND undo.state = 'confirmed')
ORDER BY later.intended_at
LIMIT 1;

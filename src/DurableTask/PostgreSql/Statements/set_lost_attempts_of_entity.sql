-- A row comes back when the lock was still held.
UPDATE entities SET lost_attempts = $4
WHERE entity_id = $1 AND locked_by = $2 AND fence = $3
RETURNING fence;

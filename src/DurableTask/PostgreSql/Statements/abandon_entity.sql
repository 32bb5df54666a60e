-- A row comes back when the lock was still held.
UPDATE entities SET locked_by = NULL, locked_until = now() + $4
WHERE entity_id = $1 AND locked_by = $2 AND fence = $3
RETURNING fence;

-- A row comes back when the lock was still held.
UPDATE instances SET locked_by = NULL, locked_until = now() + $4
WHERE instance_id = $1 AND locked_by = $2 AND fence = $3
RETURNING fence;

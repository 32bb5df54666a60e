-- A row comes back when the lock was still held.
UPDATE instances SET lost_attempts = $4
WHERE instance_id = $1 AND locked_by = $2 AND fence = $3
RETURNING fence;

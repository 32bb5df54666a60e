-- A row comes back when the lock was still held. A delivery that was given back is none.
UPDATE activities SET locked_by = NULL, visible_at = now() + $4, delivery_count = delivery_count - 1
WHERE id = $1 AND locked_by = $2 AND fence = $3
RETURNING fence;

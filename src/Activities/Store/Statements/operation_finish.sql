-- Finished once: a late second worker does not overwrite what the first one found.
UPDATE operation_ledger
SET state = $2, post_image = $3::jsonb, status = $4, detail = $5, finished_at = $6
WHERE key = $1 AND state = 'intended';

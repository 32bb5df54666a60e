UPDATE expiry
SET ended_at = $2, outcome = $3
WHERE operation_key = $1 AND ended_at IS NULL;

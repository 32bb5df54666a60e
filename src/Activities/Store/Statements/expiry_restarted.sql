UPDATE expiry
SET restarts = restarts + 1, restarted_at = $2
WHERE operation_key = $1 AND ended_at IS NULL;

UPDATE heartbeat
SET told_at = $3
WHERE alert = $1 AND silent_since = $2;

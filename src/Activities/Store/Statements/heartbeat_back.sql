UPDATE heartbeat
SET silent_since = NULL, told_at = NULL
WHERE alert = $1 AND silent_since = $2;

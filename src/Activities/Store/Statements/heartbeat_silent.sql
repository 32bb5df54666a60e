-- Of two that find the silence at once, one tells people; and neither does when it was heard since they looked.
UPDATE heartbeat
SET silent_since = $2, told_at = NULL
WHERE alert = $1 AND silent_since IS NULL AND greatest(heard_at, listening_since) <= $3;

-- A page of the effects whose end is not known; walks expiries_not_ended.
SELECT operation_key, request, registered_at, restarts, restarted_at
FROM expiry
WHERE ended_at IS NULL AND operation_key > $1
ORDER BY operation_key
LIMIT $2;

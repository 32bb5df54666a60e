WITH abandoned AS (
    UPDATE instances SET locked_by = NULL, locked_until = now() + $4
    WHERE instance_id = $1 AND locked_by = $2 AND fence = $3
    RETURNING 1
)
SELECT pg_notify($5, $6) FROM abandoned;

WITH abandoned AS (
    UPDATE activities SET locked_by = NULL, visible_at = now() + $4
    WHERE id = $1 AND locked_by = $2 AND fence = $3
    RETURNING 1
)
SELECT pg_notify($5, $6) FROM abandoned;

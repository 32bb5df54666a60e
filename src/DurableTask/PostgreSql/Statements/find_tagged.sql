-- At most $2 instances with certain tags, in no order. The index by tag serves a bitmap only; nothing else could be chosen here.
SELECT instance_id FROM instances WHERE tags IS NOT NULL AND tags @> $1::jsonb LIMIT $2;

-- At most $2 instances with certain tags, in no order; after allow_bitmaps.
SELECT instance_id FROM instances WHERE tags IS NOT NULL AND tags @> $1::jsonb LIMIT $2;

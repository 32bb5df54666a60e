-- How many instances have certain tags, up to $2; after allow_bitmaps.
SELECT count(*)::integer FROM (SELECT FROM instances WHERE tags IS NOT NULL AND tags @> $1::jsonb LIMIT $2) i;

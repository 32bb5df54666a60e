-- One page, by id. A condition that is null matches all; $6 is where the previous page ended. The last code point of Unicode ends the range
-- of a prefix, so that the primary key serves it.
SELECT e.entity_id, e.updated_at, e.holder, e.state IS NOT NULL, CASE WHEN $4 THEN e.state END,
       (SELECT count(*)::integer FROM entity_inbox m WHERE m.entity_id = e.entity_id AND (m.visible_at IS NULL OR m.visible_at <= now()))
FROM entities e
WHERE e.entity_id >= coalesce($1::text, '')
  AND ($1::text IS NULL OR e.entity_id < $1::text || chr(1114111))
  AND ($2::timestamptz IS NULL OR e.updated_at >= $2)
  AND ($3::timestamptz IS NULL OR e.updated_at <= $3)
  AND ($5 OR e.state IS NOT NULL)
  AND e.entity_id > coalesce($6::text, '')
ORDER BY e.entity_id
LIMIT $7;

SELECT e.entity_id, e.updated_at, e.holder, e.state IS NOT NULL, CASE WHEN $2 THEN e.state END,
       (SELECT count(*)::integer FROM entity_inbox m WHERE m.entity_id = e.entity_id AND (m.visible_at IS NULL OR m.visible_at <= now()))
FROM entities e
WHERE e.entity_id = $1;

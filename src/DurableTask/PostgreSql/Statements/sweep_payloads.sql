-- Looks at the next $2 payloads after id $1 and removes those older than $3 that nothing of their instance or entity refers to: left by a
-- turn or a batch that was not stored, by continue-as-new, by an instance that was replaced, or by a message to an entity. One row: the
-- last id that was looked at, and how many went.
WITH looked AS MATERIALIZED (
    SELECT id, instance_id FROM payloads WHERE id > $1 ORDER BY id LIMIT $2
), gone AS (
    DELETE FROM payloads p
    USING looked l
    WHERE p.id = l.id
      AND p.created_at < now() - $3
      AND NOT EXISTS (
          SELECT FROM instances i
          WHERE i.instance_id = l.instance_id
            AND (strpos(i.input, l.id) > 0 OR strpos(i.output, l.id) > 0 OR strpos(i.custom_status, l.id) > 0))
      AND NOT EXISTS (SELECT FROM history h WHERE h.instance_id = l.instance_id AND strpos(h.event, l.id) > 0)
      AND NOT EXISTS (SELECT FROM inbox m WHERE m.instance_id = l.instance_id AND strpos(m.event, l.id) > 0)
      AND NOT EXISTS (SELECT FROM activities a WHERE a.instance_id = l.instance_id AND strpos(a.event, l.id) > 0)
      AND NOT EXISTS (SELECT FROM entities e WHERE e.entity_id = l.instance_id AND strpos(e.state, l.id) > 0)
      AND NOT EXISTS (SELECT FROM entity_inbox m WHERE m.entity_id = l.instance_id AND strpos(m.message, l.id) > 0)
    RETURNING p.id
)
SELECT coalesce(max(id), ''), (SELECT count(*) FROM gone)::integer FROM looked;

-- Looks at the next $3 instances after ($1, $2) that were created longer ago than $4, the shortest time to live, and removes those that
-- ended longer ago than their status's own ($5, $6). Rows that are locked this moment are left for the next round. An instance stays with
-- its parent: with one that is kept, and with one that runs and has it in its history. One row: where to go on, how many were looked at
-- and how many removed; none at the end.
WITH looked AS MATERIALIZED (
    SELECT instance_id, created_at, status, completed_at, parent_instance_id
    FROM instances
    WHERE (created_at, instance_id) > ($1, $2::text) AND created_at < now() - $4
    ORDER BY created_at, instance_id
    LIMIT $3
), ended AS MATERIALIZED (
    SELECT i.instance_id
    FROM looked l
    JOIN unnest($5::smallint[], $6::interval[]) AS kept (status, time) ON kept.status = l.status
    JOIN instances i ON i.instance_id = l.instance_id
    WHERE l.completed_at < now() - kept.time
      AND i.completed_at < now() - kept.time
      AND NOT EXISTS (
          SELECT FROM instances p
          WHERE p.instance_id = l.parent_instance_id
            AND (p.completed_at IS NOT NULL OR EXISTS (
                SELECT FROM history h
                WHERE h.instance_id = p.instance_id AND strpos(h.event, to_json(l.instance_id)::text) > 0)))
    ORDER BY i.instance_id
    FOR UPDATE OF i SKIP LOCKED
), gone_history AS (
    DELETE FROM history h USING ended e WHERE h.instance_id = e.instance_id
), gone_inbox AS (
    DELETE FROM inbox m USING ended e WHERE m.instance_id = e.instance_id
), gone_payloads AS (
    DELETE FROM payloads p USING ended e WHERE p.instance_id = e.instance_id
), gone AS (
    DELETE FROM instances i USING ended e WHERE i.instance_id = e.instance_id RETURNING i.instance_id
)
SELECT created_at, instance_id, (SELECT count(*) FROM looked)::integer, (SELECT count(*) FROM gone)::integer
FROM looked
ORDER BY created_at DESC, instance_id DESC
LIMIT 1;

-- Removes activities and posts their outcomes, of those whose locks are still held. The positions of those come back.
WITH done AS (
    DELETE FROM activities a
    USING unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[]) WITH ORDINALITY AS t (id, locked_by, fence, event, position)
    WHERE a.id = t.id AND a.locked_by = t.locked_by AND a.fence = t.fence
    RETURNING a.instance_id, a.execution_id, t.event, t.position
), posted AS (
    INSERT INTO inbox (instance_id, execution_id, visible_at, event)
    SELECT instance_id, execution_id, now(), event FROM done ORDER BY position
)
SELECT position FROM done;

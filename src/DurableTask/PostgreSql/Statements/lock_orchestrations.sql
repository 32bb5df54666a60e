-- Locks at most $2 instances with visible messages, those that wait longest first. Walks the inbox by time and stops when it has enough;
-- of an instance's messages only its first one counts, so that DISTINCT (which does not go with FOR UPDATE) is not needed and a
-- busy instance takes one place, not a thousand. OFFSET 0 and LATERAL leave the planner no other way: what it expects of instances
-- changes within seconds (how many are locked), and by old statistics it would walk all of them and sort. $4 and $5 are the names and
-- versions to take (a version of null: every version), or null to take everything; of what they leave out, an instance that is to be
-- terminated is taken all the same: nobody may ever come who takes it to run. A holder that neither committed nor gave the instance back
-- is lost: counted up to 2, see ITaskHub.
WITH due AS (
    SELECT i.instance_id, m.visible_at, i.locked_by
    FROM (SELECT id, instance_id, visible_at, event FROM inbox WHERE visible_at <= now() ORDER BY visible_at OFFSET 0) m
    CROSS JOIN LATERAL (
        SELECT i.instance_id, i.locked_by FROM instances i
        WHERE i.instance_id = m.instance_id
          AND (i.locked_until IS NULL OR i.locked_until <= now())
          AND i.completed_at IS NULL
          AND CASE
              WHEN $4::text[] IS NULL OR EXISTS (
                  SELECT FROM unnest($4::text[], $5::text[]) AS f (name, version)
                  WHERE lower(f.name) = lower(i.name) AND (f.version IS NULL OR lower(f.version) = lower(coalesce(i.version, ''))))
              THEN m.id = (
                  SELECT e.id FROM inbox e
                  WHERE e.instance_id = i.instance_id AND (e.execution_id IS NULL OR e.execution_id = i.execution_id)
                  ORDER BY e.visible_at, e.id
                  LIMIT 1)
              ELSE m.event LIKE '{"$event":"ExecutionTerminated"%'
          END
        FOR UPDATE SKIP LOCKED
    ) i
    ORDER BY m.visible_at
    LIMIT $2
)
UPDATE instances i SET locked_by = $1, locked_until = now() + $3, fence = i.fence + 1,
       lost_attempts = CASE WHEN due.locked_by IS NOT NULL AND i.lost_attempts < 2 THEN i.lost_attempts + 1 ELSE i.lost_attempts END
FROM due
WHERE i.instance_id = due.instance_id
RETURNING i.instance_id, i.execution_id, i.name, i.version, i.status, i.created_at, i.updated_at, i.completed_at, i.parent_instance_id,
          i.tags::text, i.failure, i.input, i.output, i.custom_status, i.fence, i.history_count, due.visible_at, i.lost_attempts,
          i.start, i.resident_at;

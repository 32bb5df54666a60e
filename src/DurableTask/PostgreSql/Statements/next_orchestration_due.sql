-- Seconds until there is something to lock: a message that becomes visible, or a lease that ends on an instance with messages. Zero or
-- less when there is something already. What waits for a place (at the end of time) is made due by whoever frees one. Of the messages that
-- are visible, and of those that will be, it looks at the first thousand; of the latter only until one is found whose instance nobody
-- holds. The safety poll covers the rest. $1 and $2 as in lock_orchestrations.
SELECT extract(epoch FROM min(next.due_at) - now())::float8
FROM (
    (SELECT greatest(m.visible_at, i.locked_until) AS due_at
     FROM (SELECT instance_id, execution_id, visible_at, event FROM inbox WHERE visible_at <= now() ORDER BY visible_at LIMIT 1000) m
     CROSS JOIN LATERAL (
         SELECT locked_until FROM instances i
         WHERE i.instance_id = m.instance_id
           AND i.completed_at IS NULL
           AND (m.execution_id IS NULL OR m.execution_id = i.execution_id)
           AND ($1::text[] IS NULL OR EXISTS (
               SELECT FROM unnest($1::text[], $2::text[]) AS f (name, version)
               WHERE lower(f.name) = lower(i.name) AND (f.version IS NULL OR lower(f.version) = lower(coalesce(i.version, ''))))
               OR m.event LIKE '{"$event":"ExecutionTerminated"%')
         OFFSET 0
     ) i)
    UNION ALL
    (SELECT m.visible_at
     FROM (
         SELECT instance_id, execution_id, visible_at, event FROM inbox
         WHERE visible_at > now() AND visible_at < 'infinity' ORDER BY visible_at LIMIT 1000
     ) m
     CROSS JOIN LATERAL (
         SELECT FROM instances i
         WHERE i.instance_id = m.instance_id
           AND (i.locked_until IS NULL OR i.locked_until <= m.visible_at)
           AND i.completed_at IS NULL
           AND (m.execution_id IS NULL OR m.execution_id = i.execution_id)
           AND ($1::text[] IS NULL OR EXISTS (
               SELECT FROM unnest($1::text[], $2::text[]) AS f (name, version)
               WHERE lower(f.name) = lower(i.name) AND (f.version IS NULL OR lower(f.version) = lower(coalesce(i.version, ''))))
               OR m.event LIKE '{"$event":"ExecutionTerminated"%')
         OFFSET 0
     ) i
     ORDER BY m.visible_at
     LIMIT 1)
) next;

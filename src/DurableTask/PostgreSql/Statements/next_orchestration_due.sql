-- Seconds until there is something to lock: a message that becomes visible, or a lease that ends on an instance with messages. Zero or
-- less when there is something already. What waits for a place (at the end of time) is made due by whoever frees one. Looks at the
-- first thousand messages only; the safety poll covers the rest. $1 and $2 as in lock_orchestrations.
SELECT extract(epoch FROM min(greatest(m.visible_at, i.locked_until)) - now())::float8
FROM (SELECT instance_id, execution_id, visible_at FROM inbox WHERE visible_at < 'infinity' ORDER BY visible_at LIMIT 1000) m
JOIN instances i ON i.instance_id = m.instance_id
WHERE i.completed_at IS NULL AND (m.execution_id IS NULL OR m.execution_id = i.execution_id)
  AND ($1::text[] IS NULL OR EXISTS (
      SELECT FROM unnest($1::text[], $2::text[]) AS f (name, version)
      WHERE lower(f.name) = lower(i.name) AND (f.version IS NULL OR lower(f.version) = lower(coalesce(i.version, '')))));

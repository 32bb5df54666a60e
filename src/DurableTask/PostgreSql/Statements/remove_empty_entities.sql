-- Those of the given entities that hold nothing and that no worker has. A message that comes right now creates its entity again.
DELETE FROM entities
WHERE entity_id IN (
    SELECT e.entity_id FROM entities e
    WHERE e.entity_id = ANY ($1::text[])
      AND e.state IS NULL
      AND e.holder IS NULL
      AND (e.locked_until IS NULL OR e.locked_until <= now())
      AND NOT EXISTS (SELECT FROM entity_inbox m WHERE m.entity_id = e.entity_id)
    ORDER BY e.entity_id
    FOR UPDATE OF e SKIP LOCKED
)
RETURNING entity_id;

-- Removes an entity that nobody holds and that has nothing to work on, with what is scheduled for it. A message that comes right now
-- creates it again.
WITH removed AS (
    DELETE FROM entities
    WHERE entity_id IN (
        SELECT e.entity_id FROM entities e
        WHERE e.entity_id = $1
          AND e.holder IS NULL
          AND (e.locked_until IS NULL OR e.locked_until <= now())
          AND NOT EXISTS (
              SELECT FROM entity_inbox m
              WHERE m.entity_id = e.entity_id AND (m.visible_at IS NULL OR m.visible_at <= now()))
        FOR UPDATE OF e SKIP LOCKED
    )
    RETURNING entity_id
), unscheduled AS (
    DELETE FROM entity_inbox m USING removed r WHERE m.entity_id = r.entity_id AND m.visible_at > now()
)
SELECT entity_id FROM removed;

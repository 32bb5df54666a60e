-- Appends to the inboxes of instances that have not ended; takes no lock on them. The positions of what was stored come back. By a clock
-- that was set back, what was sent before may still have to wait: a message is not due before it, or it would be played first.
WITH sent AS MATERIALIZED (
    SELECT i.instance_id, greatest(now(), i.starts_at, (
        SELECT max(w.visible_at) FROM inbox w
        WHERE w.instance_id = i.instance_id AND w.visible_at > now() AND w.timer_id IS NULL)) AS visible_at, t.event, t.position
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS t (instance_id, event, position)
    JOIN instances i ON i.instance_id = t.instance_id
    WHERE i.completed_at IS NULL
), posted AS (
    INSERT INTO inbox (instance_id, visible_at, event) SELECT instance_id, visible_at, event FROM sent ORDER BY position
)
SELECT position FROM sent;

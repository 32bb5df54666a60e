-- The start event comes first, then the events that the old execution carried over, before the messages that it left in the inbox.
INSERT INTO inbox (instance_id, visible_at, event)
SELECT t.instance_id,
       least(now(), (SELECT min(m.visible_at) - interval '1 microsecond' FROM inbox m WHERE m.instance_id = t.instance_id)),
       t.event
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS t (instance_id, event, position)
ORDER BY t.position;

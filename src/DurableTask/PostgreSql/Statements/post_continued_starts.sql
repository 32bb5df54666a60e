-- The start event comes first, before the messages that the old execution left.
INSERT INTO inbox (instance_id, visible_at, event)
SELECT t.instance_id,
       least(now(), (SELECT min(m.visible_at) - interval '1 microsecond' FROM inbox m WHERE m.instance_id = t.instance_id)),
       t.event
FROM unnest($1::text[], $2::text[]) AS t (instance_id, event);

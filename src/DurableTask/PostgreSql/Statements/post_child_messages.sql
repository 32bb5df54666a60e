-- Messages to instances that exist, have not ended, and are sub-orchestrations of the senders ($2). Takes no lock on them.
-- None is due before what was sent earlier (as send_messages).
INSERT INTO inbox (instance_id, visible_at, event)
SELECT i.instance_id, greatest(now(), i.starts_at, (
           SELECT max(w.visible_at) FROM inbox w
           WHERE w.instance_id = i.instance_id AND w.visible_at > now() AND w.timer_id IS NULL)), m.event
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS m (instance_id, parent_instance_id, event, position)
JOIN instances i ON i.instance_id = m.instance_id AND i.parent_instance_id = m.parent_instance_id
WHERE i.completed_at IS NULL
ORDER BY m.position;

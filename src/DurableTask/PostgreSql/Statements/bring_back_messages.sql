-- After the clock went back by $2: messages that were visible stay visible, in their order. $1: what the time would have been. Timers and
-- what waits for a scheduled start have a time of their own.
UPDATE inbox m SET visible_at = m.visible_at - $2
WHERE m.visible_at > now() AND m.visible_at <= $1 AND m.timer_id IS NULL
  AND NOT EXISTS (
      SELECT 1 FROM instances i WHERE i.instance_id = m.instance_id AND i.status = 6 AND i.starts_at > greatest(i.created_at, now()));

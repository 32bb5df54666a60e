-- Everything that waited for a scheduled start which was just brought forward. Only before the first turn: later, what waits is a timer.
UPDATE inbox m SET visible_at = i.starts_at
FROM instances i
WHERE i.instance_id = ANY ($1::text[]) AND i.starts_at = now() AND i.status = 6 AND m.instance_id = i.instance_id AND m.visible_at > now();

-- Those whose limit nobody enforces any more must not wait for ever: some go back to be looked at, oldest first.
WITH returned AS (
    SELECT instance_id FROM instances WHERE starts_at = 'infinity' ORDER BY lower(name), created_at LIMIT $1 FOR UPDATE SKIP LOCKED
), visible AS (
    UPDATE inbox m SET visible_at = now() FROM returned r WHERE m.instance_id = r.instance_id AND m.visible_at = 'infinity'
)
UPDATE instances i SET starts_at = now() FROM returned r WHERE i.instance_id = r.instance_id;

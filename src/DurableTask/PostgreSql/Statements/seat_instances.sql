-- As many waiting instances of each name ($1) as there are places ($2) start, oldest first.
WITH seated AS (
    SELECT w.instance_id
    FROM unnest($1::text[], $2::integer[]) AS l (name, places)
    CROSS JOIN LATERAL (
        SELECT i.instance_id FROM instances i
        WHERE i.starts_at = 'infinity' AND lower(i.name) = l.name
        ORDER BY i.created_at
        LIMIT greatest(0, l.places - (SELECT count(*) FROM instance_places p WHERE p.name = l.name))
    ) w
), visible AS (
    UPDATE inbox m SET visible_at = now() FROM seated s WHERE m.instance_id = s.instance_id AND m.visible_at = 'infinity'
)
UPDATE instances i SET starts_at = now() FROM seated s WHERE i.instance_id = s.instance_id;

-- As many waiting activities of each name ($1) as there are places ($2) become visible again, oldest first, in their old order.
UPDATE activities SET visible_at = created_at
WHERE id IN (
    SELECT w.id
    FROM unnest($1::text[], $2::integer[]) AS l (name, places)
    CROSS JOIN LATERAL (
        SELECT a.id FROM activities a
        WHERE a.visible_at = 'infinity' AND lower(a.name) = l.name
        ORDER BY a.id
        LIMIT greatest(0, l.places - (SELECT count(*) FROM activity_places p WHERE p.name = l.name))
    ) w
);

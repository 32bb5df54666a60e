DELETE FROM activity_places p
WHERE NOT EXISTS (SELECT FROM activities a WHERE a.id = p.activity_id AND a.locked_by IS NOT NULL AND a.visible_at > now());

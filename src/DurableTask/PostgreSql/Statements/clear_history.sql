DELETE FROM history WHERE instance_id = ANY ($1::text[]);

DELETE FROM inbox WHERE instance_id = ANY ($1::text[]);

SELECT id, data FROM payloads WHERE id = ANY ($1::text[]);

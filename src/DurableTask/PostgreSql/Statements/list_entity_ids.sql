SELECT entity_id FROM entities WHERE entity_id > coalesce($1::text, '') ORDER BY entity_id LIMIT $2;

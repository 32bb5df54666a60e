DELETE FROM entity_inbox WHERE id = ANY ($1::bigint[]);

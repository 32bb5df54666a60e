DELETE FROM inbox WHERE id = ANY ($1::bigint[]);

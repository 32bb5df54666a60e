INSERT INTO keys (kind, function, name, salt, hash, readable)
VALUES ($1, $2, $3, $4, $5, $6::text)
ON CONFLICT (kind, function, name) DO NOTHING
RETURNING name;

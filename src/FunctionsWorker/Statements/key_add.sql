INSERT INTO keys (kind, function, name, salt, hash, readable)
SELECT $1, $2, $3, $4, $5, $6::text
WHERE NOT EXISTS (
    SELECT FROM keys WHERE kind = $1 AND lower(function) = lower($2) AND lower(name) = lower($3))
ON CONFLICT (kind, function, name) DO NOTHING
RETURNING name;

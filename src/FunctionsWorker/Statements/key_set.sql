-- A key whose name is the same in other letters is changed, and keeps its name. Where earlier versions, which told them apart, have left
-- several, none of them may go on opening: one is changed, the others go.
WITH known AS (
    SELECT function, name
    FROM keys
    WHERE kind = $1 AND lower(function) = lower($2) AND lower(name) = lower($3)
    ORDER BY changed_at DESC, function, name
    LIMIT 1
), others AS (
    DELETE FROM keys AS other
    USING known
    WHERE other.kind = $1 AND lower(other.function) = lower($2) AND lower(other.name) = lower($3)
        AND (other.function, other.name) <> (known.function, known.name)
)
INSERT INTO keys (kind, function, name, salt, hash, readable)
SELECT $1, coalesce(known.function, $2), coalesce(known.name, $3), $4, $5, $6::text
FROM (VALUES (true)) AS one LEFT JOIN known ON true
ON CONFLICT (kind, function, name) DO UPDATE
SET salt = excluded.salt, hash = excluded.hash, readable = excluded.readable, changed_at = now()
-- A row that was inserted has no earlier version: that tells made from changed.
RETURNING xmax = 0;

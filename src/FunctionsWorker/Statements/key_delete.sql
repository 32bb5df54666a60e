DELETE FROM keys
WHERE kind = $1 AND lower(function) = lower($2) AND lower(name) = lower($3)
RETURNING name;

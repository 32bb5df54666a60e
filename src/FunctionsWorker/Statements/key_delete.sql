DELETE FROM keys WHERE kind = $1 AND function = $2 AND name = $3 RETURNING name;

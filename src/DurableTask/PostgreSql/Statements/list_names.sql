-- The first $1 names of instances, in small letters, by the alphabet: one look into the index for each, however many instances carry it.
WITH RECURSIVE named AS (
    (SELECT lower(name) AS name FROM instances ORDER BY lower(name) LIMIT 1)
    UNION ALL
    SELECT (SELECT lower(i.name) FROM instances i WHERE lower(i.name) > n.name ORDER BY lower(i.name) LIMIT 1)
    FROM named n
    WHERE n.name IS NOT NULL
)
SELECT name FROM named WHERE name IS NOT NULL LIMIT $1;

-- Of each of the names $1, whose case does not matter, looks at $2 instances at most: how many of them succeeded, by the spelling of the
-- name, and how many were looked at.
SELECT i.name, count(*) FILTER (WHERE i.succeeded), sum(count(*)) OVER (PARTITION BY asked.name)::bigint
FROM (SELECT DISTINCT lower(a.name) AS name FROM unnest($1::text[]) AS a (name)) asked
CROSS JOIN LATERAL (SELECT i.name, i.succeeded FROM instances i WHERE lower(i.name) = asked.name LIMIT $2) i
GROUP BY asked.name, i.name;

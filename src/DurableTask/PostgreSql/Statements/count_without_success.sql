-- $1: a name, or null for all.
SELECT name, status, count(*) FROM instances WHERE NOT succeeded AND ($1::text IS NULL OR lower(name) = lower($1)) GROUP BY name, status;

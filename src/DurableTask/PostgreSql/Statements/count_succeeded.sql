-- $1: a name, or null for all.
SELECT name, count(*) FROM instances WHERE succeeded AND ($1::text IS NULL OR lower(name) = lower($1)) GROUP BY name;

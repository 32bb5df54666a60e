-- Seconds until there is an activity to lock; zero or less when there is one already. What waits for a place (at the end of time) is
-- made due by whoever frees one. $1 and $2 as in lock_activities.
SELECT extract(epoch FROM min(visible_at) - now())::float8
FROM activities a
WHERE visible_at < 'infinity' AND ($1::text[] IS NULL OR EXISTS (
    SELECT FROM unnest($1::text[], $2::text[]) AS f (name, version)
    WHERE lower(f.name) = lower(a.name) AND (f.version IS NULL OR lower(f.version) = lower(coalesce(a.version, '')))));

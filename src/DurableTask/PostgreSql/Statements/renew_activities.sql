-- Extends leases. A row that is locked this moment is in a commit of its holder: skipped, not waited for.
UPDATE activities a SET visible_at = now() + $4
WHERE a.id IN (
    SELECT l.id
    FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS held (id, locked_by, fence)
    JOIN activities l ON l.id = held.id AND l.locked_by = held.locked_by AND l.fence = held.fence
    FOR UPDATE OF l SKIP LOCKED
);

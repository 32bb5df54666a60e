-- Extends leases. A row that is locked this moment is in a commit of its holder: skipped, not waited for.
UPDATE instances i SET locked_until = now() + $4
WHERE i.instance_id IN (
    SELECT l.instance_id
    FROM unnest($1::text[], $2::text[], $3::bigint[]) AS held (instance_id, locked_by, fence)
    JOIN instances l ON l.instance_id = held.instance_id AND l.locked_by = held.locked_by AND l.fence = held.fence
    FOR UPDATE OF l SKIP LOCKED
);

-- Extends leases. A row that is locked this moment is in a commit of its holder: skipped, not waited for.
UPDATE entities e SET locked_until = now() + $4
WHERE e.entity_id IN (
    SELECT l.entity_id
    FROM unnest($1::text[], $2::text[], $3::bigint[]) AS held (entity_id, locked_by, fence)
    JOIN entities l ON l.entity_id = held.entity_id AND l.locked_by = held.locked_by AND l.fence = held.fence
    FOR UPDATE OF l SKIP LOCKED
);

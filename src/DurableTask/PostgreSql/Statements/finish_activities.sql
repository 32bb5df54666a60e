-- Activities whose outcome is in the history of this group's turns. One that somebody else holds by now is left alone.
DELETE FROM activities
WHERE id IN (
    SELECT a.id
    FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS held (id, locked_by, fence)
    JOIN activities a ON a.id = held.id AND a.locked_by = held.locked_by AND a.fence = held.fence
    ORDER BY a.id
    FOR UPDATE OF a
);

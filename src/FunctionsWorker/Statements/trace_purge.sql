-- The oldest that are older than $1, at most $2; hosts that purge at the same time pass over each other's.
DELETE FROM message_traces
WHERE message_id IN (
    SELECT message_id FROM message_traces
    WHERE sent_at < now() - $1::interval
    ORDER BY sent_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED);

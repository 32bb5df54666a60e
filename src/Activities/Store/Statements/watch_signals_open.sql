-- The last word of each fault that our own detectors saw, unless it was its end; with how its incident stands. What was stored and waits to
-- be routed counts as well: the host that found it may be gone. Notes (severity info) are no faults, and have no end.
SELECT signal, outcome, coalesce(signal ->> 'Id', '')
FROM (
    SELECT DISTINCT ON (signal #>> '{Alert,Fingerprint}') signal, status, received_at, outcome
    FROM (
        SELECT s.signal, s.status, s.received_at, i.outcome
        FROM incident_signal s
        LEFT JOIN incident i USING (incident_id)
        WHERE s.source = 'Watch' AND s.received_at > $1
        UNION ALL
        SELECT w.signal, w.signal #>> '{Alert,Status}', w.received_at, NULL
        FROM (SELECT signal::jsonb AS signal, received_at FROM received_signal WHERE due_at IS NOT NULL AND received_at > $1) AS w
        WHERE w.signal ->> 'Source' = 'Watch'
    ) AS told
    WHERE signal #>> '{Alert,Labels,severity}' IS DISTINCT FROM 'info'
    ORDER BY signal #>> '{Alert,Fingerprint}', received_at DESC
) AS last
WHERE status = 'Firing'
ORDER BY received_at DESC
LIMIT $2;

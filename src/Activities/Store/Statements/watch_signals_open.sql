-- The last word of each fault that our own detectors saw, unless it was its end; with how its incident stands. Notes (severity info) are no
-- faults, and have no end.
SELECT signal, outcome
FROM (
    SELECT DISTINCT ON (s.signal #>> '{Alert,Fingerprint}') s.signal, s.status, s.received_at, i.outcome
    FROM incident_signal s
    LEFT JOIN incident i USING (incident_id)
    WHERE s.source = 'Watch' AND s.received_at > $1 AND s.signal #>> '{Alert,Labels,severity}' IS DISTINCT FROM 'info'
    ORDER BY s.signal #>> '{Alert,Fingerprint}', s.received_at DESC
) AS last
WHERE status = 'Firing'
ORDER BY received_at DESC
LIMIT $2;

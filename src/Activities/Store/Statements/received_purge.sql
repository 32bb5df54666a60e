-- Forgets routed signals from before a time, and the record of those among them that belong to no incident.
WITH gone AS (
    DELETE FROM received_signal
    WHERE signal_id = ANY (ARRAY(SELECT signal_id FROM received_signal WHERE routed_at < $1 ORDER BY routed_at LIMIT $2))
    RETURNING signal_id
), unrecorded AS (
    DELETE FROM incident_signal USING gone
    WHERE incident_signal.signal_id = gone.signal_id AND incident_id IS NULL
)
SELECT count(*) FROM gone;

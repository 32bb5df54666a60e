-- The first signal of each alert name: more of the same name bring no other workflow.
SELECT signal
FROM (
    SELECT DISTINCT ON (alert_name, signal ->> 'Workflow') signal, number
    FROM incident_signal
    WHERE incident_id = $1 AND number <= $2 AND status = 'Firing'
    ORDER BY alert_name, signal ->> 'Workflow', number
) AS first
ORDER BY number
LIMIT $3;

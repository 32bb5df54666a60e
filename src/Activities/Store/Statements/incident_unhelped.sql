-- A closed incident that had nothing for the fault. Those of older programs do not say so, and count as if something had fitted.
SELECT result, input
FROM incident
WHERE incident_id = $1 AND closed_at IS NOT NULL AND result ->> 'NothingFitted' = 'true';

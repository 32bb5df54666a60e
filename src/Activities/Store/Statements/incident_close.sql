-- Closing a closed incident again changes nothing.
UPDATE incident
SET closed_at = $2, outcome = $3, reason = $4, result = $5::jsonb
WHERE incident_id = $1 AND closed_at IS NULL;

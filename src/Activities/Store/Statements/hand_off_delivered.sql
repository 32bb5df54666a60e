-- Only what was told: a later hand-off of the incident may have taken its place meanwhile, and people do not know of that.
UPDATE hand_off
SET delivered_at = $3, due_at = NULL
WHERE incident_id = $1 AND recorded_at = $2;

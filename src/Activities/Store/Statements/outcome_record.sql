INSERT INTO outcome (incident_id, target_key, workflow, cause, confidence, action_id, outcome, context, seconds, ended_at)
VALUES ($1, $2, (SELECT workflow FROM incident WHERE incident_id = $1), $3, $4, $5, $6, $7::jsonb, $8, $9)
ON CONFLICT (incident_id) DO UPDATE
SET cause = excluded.cause, confidence = excluded.confidence, action_id = excluded.action_id, outcome = excluded.outcome,
    context = excluded.context, seconds = excluded.seconds, ended_at = excluded.ended_at;

-- due_at: when people are told, if they do not know by then. A later hand-off of the incident is news.
INSERT INTO hand_off (incident_id, target_key, addressee, bundle, recorded_at, due_at)
VALUES ($1, $2, $3, $4::jsonb, $5, $6)
ON CONFLICT (incident_id) DO UPDATE
SET bundle = excluded.bundle, addressee = excluded.addressee, recorded_at = excluded.recorded_at, due_at = excluded.due_at,
    delivered_at = NULL;

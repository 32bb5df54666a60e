INSERT INTO hand_off (incident_id, target_key, addressee, bundle, recorded_at)
VALUES ($1, $2, $3, $4::jsonb, $5)
ON CONFLICT (incident_id) DO UPDATE
SET bundle = excluded.bundle, addressee = excluded.addressee, recorded_at = excluded.recorded_at;

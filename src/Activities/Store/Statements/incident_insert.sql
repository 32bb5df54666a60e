INSERT INTO incident (incident_id, target_key, cluster, kind, namespace, name, episode, first_signal_id, workflow, input, opened_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, $11);

INSERT INTO operation_ledger (key, incident_id, action_id, target_key, undoes, state, pre_image, removed_template_hash, intended_at)
VALUES ($1, $2, $3, $4, $5, 'intended', $6::jsonb, $7, $8)
ON CONFLICT (key) DO NOTHING;

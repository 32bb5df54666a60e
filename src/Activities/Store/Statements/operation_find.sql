SELECT key, incident_id, action_id, target_key, undoes, state, pre_image, post_image, status, detail, intended_at, removed_template_hash
FROM operation_ledger
WHERE key = $1;

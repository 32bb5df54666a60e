INSERT INTO evidence_bundle (incident_id, step, hash, target_key, collected_at, schema, plain_bytes, stored_bytes, content)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (incident_id, step, hash) DO NOTHING;

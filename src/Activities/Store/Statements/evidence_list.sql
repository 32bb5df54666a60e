SELECT step, hash, schema, plain_bytes, stored_bytes
FROM evidence_bundle
WHERE incident_id = $1
ORDER BY step, collected_at, hash
LIMIT $2;

SELECT content
FROM evidence_bundle
WHERE incident_id = $1 AND step = $2 AND hash = $3;

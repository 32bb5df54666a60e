DELETE FROM evidence_bundle
WHERE ctid IN (SELECT ctid FROM evidence_bundle WHERE collected_at < $1 ORDER BY collected_at LIMIT $2 FOR UPDATE SKIP LOCKED);

-- Until the end of the transaction the sessions cannot come back: they would wait for the lock. A worker that has another living session
-- keeps its leases.
UPDATE workers w SET died_at = coalesce(w.died_at, now())
WHERE w.session = ANY ($1::text[]) AND pg_try_advisory_xact_lock(hashtextextended('heal.session:' || w.session, 0))
RETURNING w.worker_id,
          EXISTS (SELECT 1 FROM workers o WHERE o.worker_id = w.worker_id AND o.session <> w.session AND o.died_at IS NULL) AS lives_on;

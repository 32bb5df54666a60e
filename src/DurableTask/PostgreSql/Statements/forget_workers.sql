-- At the second look: the first one was in an earlier transaction. Not while instances still count on being looked for.
DELETE FROM workers w
WHERE session = ANY ($1::text[]) AND worker_id = ANY ($2::text[]) AND died_at <> now()
  AND NOT EXISTS (SELECT 1 FROM instances i WHERE i.resident_at = w.worker_id);

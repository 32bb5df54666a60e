-- At the second look: the first one was in an earlier transaction.
DELETE FROM workers WHERE session = ANY ($1::text[]) AND worker_id = ANY ($2::text[]) AND died_at <> now();

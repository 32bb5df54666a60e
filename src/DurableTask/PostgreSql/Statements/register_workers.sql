INSERT INTO workers (worker_id, session) SELECT worker_id, $2 FROM unnest($1::text[]) AS worker_id
ON CONFLICT ON CONSTRAINT workers_register_once_per_session DO UPDATE SET died_at = NULL;

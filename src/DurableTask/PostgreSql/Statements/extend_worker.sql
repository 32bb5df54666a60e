-- A worker in whose memory instances live says how long it is good for without a further word. One that was found dead stays dead until
-- its session registers it again.
INSERT INTO workers (worker_id, session, alive_until) VALUES ($1, $2, now() + $3)
ON CONFLICT ON CONSTRAINT workers_register_once_per_session DO UPDATE SET alive_until = excluded.alive_until;

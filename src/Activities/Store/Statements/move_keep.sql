INSERT INTO machine_move (host, uuid, name, destination, operation_key, moved_at, proofs) VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb)
ON CONFLICT ON CONSTRAINT a_guest_leaves_a_host_once DO UPDATE
SET name = excluded.name, destination = excluded.destination, operation_key = excluded.operation_key, moved_at = excluded.moved_at,
    proofs = excluded.proofs, ended_at = NULL;

SELECT host, uuid, name, destination, operation_key, moved_at, proofs::text FROM machine_move WHERE host = $1 AND ended_at IS NULL
ORDER BY uuid LIMIT $2;

SELECT host, uuid, name, destination, operation_key, moved_at FROM machine_move WHERE host = $1 ORDER BY uuid LIMIT $2;

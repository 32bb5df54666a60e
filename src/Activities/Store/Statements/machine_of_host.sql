SELECT host, uuid, name, state, reason, run_id, ran_at, stopped_by, events::text, seen_at FROM machine WHERE host = $1
ORDER BY uuid LIMIT $2;

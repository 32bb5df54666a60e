SELECT host, uuid, name, state, reason, run_id, ran_at, stopped_by, events::text, seen_at FROM machine WHERE name = $1
ORDER BY host, uuid LIMIT $2;

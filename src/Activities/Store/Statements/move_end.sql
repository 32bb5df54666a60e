UPDATE machine_move SET ended_at = $3 WHERE host = $1 AND uuid = $2 AND ended_at IS NULL;

DELETE FROM machine_move WHERE host = $1 AND uuid = $2;

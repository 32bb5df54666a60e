DELETE FROM machine_definition WHERE host = $1 AND uuid = $2;

DELETE FROM machine WHERE host = $1 AND uuid = ANY ($2);

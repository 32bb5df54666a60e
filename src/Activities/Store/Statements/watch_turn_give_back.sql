DELETE FROM watch_turn WHERE watch = $1 AND holder = $2;

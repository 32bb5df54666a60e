DROP TABLE watch_turn;

DROP TABLE keys;
DROP TABLE timers;

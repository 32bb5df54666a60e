CREATE TABLE things (id integer PRIMARY KEY);
INSERT INTO things VALUES (1);

DROP TABLE activities;
DROP TABLE inbox;
DROP TABLE history;
DROP TABLE instances;

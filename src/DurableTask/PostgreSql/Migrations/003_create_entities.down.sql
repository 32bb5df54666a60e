DROP TABLE entity_inbox;
DROP TABLE entities;

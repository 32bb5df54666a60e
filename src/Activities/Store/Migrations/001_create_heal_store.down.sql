DROP TABLE hand_off;
DROP TABLE outcome;
DROP TABLE operation_ledger;
DROP TABLE incident_signal;
DROP TABLE incident;

DROP TABLE host_maintenance;
DROP TABLE machine_move;
DROP TABLE machine_definition;
ALTER TABLE hypervisor DROP COLUMN identity;

DROP TABLE hypervisor;
DROP TABLE machine;

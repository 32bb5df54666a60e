DELETE FROM host_maintenance WHERE host = $1 AND operation_key = $2;

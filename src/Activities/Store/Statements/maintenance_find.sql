SELECT host, set_by, reason, since, until, operation_key FROM host_maintenance WHERE host = $1 AND (until IS NULL OR until > $2);

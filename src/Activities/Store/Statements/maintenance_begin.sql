-- One that has run out is as good as none.
INSERT INTO host_maintenance (host, set_by, reason, since, until, operation_key) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT ON CONSTRAINT a_host_is_in_maintenance_once DO UPDATE
SET set_by = excluded.set_by, reason = excluded.reason, since = excluded.since, until = excluded.until,
    operation_key = excluded.operation_key
WHERE host_maintenance.until <= excluded.since;

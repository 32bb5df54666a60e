SELECT host, uuid, xml, autostart, locks_seen_at, kept_at FROM machine_definition WHERE host = $1 ORDER BY uuid LIMIT $2;

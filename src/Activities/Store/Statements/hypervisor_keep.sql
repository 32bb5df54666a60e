INSERT INTO hypervisor (host, seen_at) VALUES ($1, $2)
ON CONFLICT ON CONSTRAINT a_host_is_remembered_once DO UPDATE SET seen_at = greatest(hypervisor.seen_at, excluded.seen_at);

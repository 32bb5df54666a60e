INSERT INTO hypervisor (host, seen_at, identity) VALUES ($1, $2, $3)
ON CONFLICT ON CONSTRAINT a_host_is_remembered_once DO UPDATE
SET seen_at = greatest(hypervisor.seen_at, excluded.seen_at), identity = coalesce(excluded.identity, hypervisor.identity);

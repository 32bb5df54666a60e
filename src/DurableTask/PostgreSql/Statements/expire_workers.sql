UPDATE workers SET alive_until = NULL WHERE worker_id = ANY ($1::text[]) AND alive_until < now();

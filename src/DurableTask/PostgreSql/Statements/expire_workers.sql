-- Not before a minute: a commit that was under way when the time was over may still leave something behind.
UPDATE workers SET alive_until = NULL WHERE worker_id = ANY ($1::text[]) AND alive_until < now() - interval '1 min';

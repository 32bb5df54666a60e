UPDATE entity_inbox SET visible_at = '-infinity' WHERE entity_id = ANY ($1::text[]) AND visible_at IS NULL;

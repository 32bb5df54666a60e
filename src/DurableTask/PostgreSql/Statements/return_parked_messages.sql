UPDATE entity_inbox SET visible_at = now() WHERE entity_id = ANY ($1::text[]) AND visible_at IS NULL;

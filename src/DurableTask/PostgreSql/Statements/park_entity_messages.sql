UPDATE entity_inbox SET visible_at = NULL WHERE id = ANY ($1::bigint[]);

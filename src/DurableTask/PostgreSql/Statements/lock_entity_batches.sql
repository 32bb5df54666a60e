-- The entities that a group of batches writes, in the order of their ids.
SELECT entity_id, fence, locked_by FROM entities WHERE entity_id = ANY ($1::text[]) ORDER BY entity_id FOR UPDATE;

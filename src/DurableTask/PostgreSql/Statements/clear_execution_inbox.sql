-- Continue-as-new keeps the messages that any execution may consume.
DELETE FROM inbox WHERE instance_id = ANY ($1::text[]) AND execution_id IS NOT NULL;

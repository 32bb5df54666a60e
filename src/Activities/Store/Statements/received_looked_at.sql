-- Still to be routed: a look at its target says where to.
UPDATE received_signal
SET due_at = looking.due_at, looked_at = coalesce(looked_at, $3)
FROM unnest($1::text[], $2::timestamptz[]) AS looking (id, due_at)
WHERE signal_id = looking.id AND routed_at IS NULL;

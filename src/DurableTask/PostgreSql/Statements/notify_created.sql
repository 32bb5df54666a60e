-- Tells other processes of a new instance, if it is ours.
SELECT pg_notify($3, $4) FROM instances WHERE instance_id = $1 AND execution_id = $2;

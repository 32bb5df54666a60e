-- One statement for the signals of many senders. The caller sorts the ids: two groups that hold the same signals wait for each other in
-- the same order, and never in a circle.
INSERT INTO received_signal (signal_id, signal, received_at, due_at)
SELECT id, content, received, received
FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS arrived (id, content, received)
ON CONFLICT DO NOTHING
RETURNING signal_id;

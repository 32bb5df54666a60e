INSERT INTO message_traces (message_id, traceparent, tracestate)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
ON CONFLICT (message_id) DO NOTHING;

SELECT message_id, traceparent, tracestate FROM message_traces WHERE message_id = ANY ($1::text[]);

-- Programs from version 1 on can go on.
-- Which span sent a queue message, for the hosts that did not send it. Not logged: a server that crashed has forgotten it, which costs a
-- trace and no message.
CREATE UNLOGGED TABLE message_traces (
    message_id  text COLLATE "C" CONSTRAINT message_has_one_trace PRIMARY KEY,
    traceparent text NOT NULL,
    tracestate  text,
    sent_at     timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX message_traces_by_age ON message_traces (sent_at);

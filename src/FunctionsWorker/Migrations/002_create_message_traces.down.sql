DROP TABLE message_traces;

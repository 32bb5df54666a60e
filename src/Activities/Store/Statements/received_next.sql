SELECT min(due_at) FROM received_signal WHERE due_at IS NOT NULL;

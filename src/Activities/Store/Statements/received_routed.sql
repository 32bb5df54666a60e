-- Its content is in incident_signal from now on.
UPDATE received_signal
SET routed_at = $2, due_at = NULL, parked_at = NULL, looked_at = NULL, signal = NULL, reason = NULL
WHERE signal_id = ANY ($1) AND routed_at IS NULL;

-- An instance may live in a worker's memory: its open activities, and before its first turn its start, have no rows of their own. When the
-- worker dies or its time is over, whoever notices makes rows of them (see ResidentReclaimer).
ALTER TABLE workers ADD COLUMN alive_until timestamptz;

ALTER TABLE instances
    ADD COLUMN resident_at text COLLATE "C",
    ADD COLUMN start text,
    ADD CONSTRAINT a_start_without_message_is_in_a_worker_s_memory CHECK (start IS NULL OR resident_at IS NOT NULL);

CREATE INDEX instances_by_residence ON instances (resident_at, instance_id) WHERE resident_at IS NOT NULL;

-- From here on, a row of the history may also be a JSON array: the events of a turn, numbered from seq on.

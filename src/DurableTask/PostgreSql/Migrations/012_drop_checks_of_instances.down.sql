ALTER TABLE instances
    ADD CONSTRAINT instance_id_has_1_to_512_characters CHECK (length(instance_id) BETWEEN 1 AND 512),
    ADD CONSTRAINT status_is_known CHECK (status BETWEEN 0 AND 7),
    ADD CONSTRAINT a_lock_has_an_end CHECK (locked_by IS NULL OR locked_until IS NOT NULL),
    ADD CONSTRAINT ended_instances_say_when CHECK ((status IN (1, 3, 4, 5)) = (completed_at IS NOT NULL)),
    ADD CONSTRAINT ended_instances_are_not_locked CHECK (completed_at IS NULL OR locked_by IS NULL),
    ADD CONSTRAINT a_start_without_message_is_in_a_worker_s_memory CHECK (start IS NULL OR resident_at IS NOT NULL);

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM instances WHERE resident_at IS NOT NULL) THEN
        RAISE EXCEPTION 'Some instances live in the memory of a worker. Stop all workers, start one and stop it again, then try again.';
    END IF;
END
$$;

-- One event in a row again.
CREATE TEMP TABLE turns ON COMMIT DROP AS SELECT instance_id, seq, event FROM history WHERE event LIKE '[%';
DELETE FROM history h USING turns t WHERE h.instance_id = t.instance_id AND h.seq = t.seq;
INSERT INTO history (instance_id, seq, event)
SELECT t.instance_id, t.seq + e.position - 1, e.event::text
FROM turns t CROSS JOIN LATERAL json_array_elements(t.event::json) WITH ORDINALITY AS e (event, position);

DROP INDEX instances_by_residence;
ALTER TABLE instances
    DROP CONSTRAINT a_start_without_message_is_in_a_worker_s_memory,
    DROP COLUMN resident_at,
    DROP COLUMN start;
ALTER TABLE workers DROP COLUMN alive_until;

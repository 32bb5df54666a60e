-- Creates instances as their first turns leave them: what create_fresh_instances and commit_resident_turns would store one after the other.
-- For ids that were made for these instances, so that nothing of an earlier one can be in the way, and workers in whose memory the
-- instances live; those of a worker that is late are left out. $1-$12: one entry per turn.
WITH alive AS MATERIALIZED (
    SELECT worker_id FROM workers WHERE worker_id = ANY ($8::text[]) AND died_at IS NULL AND alive_until > now()
), created AS (
    INSERT INTO instances (
        instance_id, execution_id, name, version, parent_instance_id, tags, input, resident_at, history_count, status, custom_status, fence)
    SELECT t.instance_id, t.execution_id, t.name, t.version, t.parent_instance_id, t.tags::jsonb, t.input, t.worker_id, t.history_count,
           t.status, t.custom_status, 2
    FROM unnest(
        $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::integer[], $10::smallint[],
        $11::text[])
        AS t (instance_id, execution_id, name, version, parent_instance_id, tags, input, worker_id, history_count, status, custom_status)
    WHERE t.worker_id IN (SELECT worker_id FROM alive)
    ON CONFLICT (instance_id) DO NOTHING
    RETURNING instance_id, created_at
), appended AS (
    INSERT INTO history (instance_id, seq, event)
    SELECT c.instance_id, 1, t.history FROM unnest($1::text[], $12::text[]) AS t (instance_id, history) JOIN created c USING (instance_id)
)
SELECT instance_id, created_at FROM created;

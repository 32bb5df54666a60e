-- What dead workers hold: their leases end now. The index by time leads to the leased activities only, which are few. The instance's fence
-- moves on too, so that a worker that lives after all cannot store the outcome from memory. Rows that are locked are in a commit this
-- moment: skipped, not waited for, hence no deadlock.
WITH held AS (
    SELECT a.id, a.instance_id
    FROM activities a
    JOIN instances i ON i.instance_id = a.instance_id
    WHERE a.visible_at > now() AND a.locked_by = ANY ($1::text[])
    FOR UPDATE OF a, i SKIP LOCKED
), fenced AS (
    UPDATE instances i SET fence = i.fence + 1
    FROM (SELECT DISTINCT instance_id FROM held) h
    WHERE i.instance_id = h.instance_id AND (i.locked_by IS NULL OR i.locked_by = ANY ($1::text[]))
), free AS (
    UPDATE activities a SET locked_by = NULL, visible_at = now(),
           lost_attempts = CASE WHEN a.lost_attempts < 2 THEN a.lost_attempts + 1 ELSE a.lost_attempts END
    FROM held
    WHERE a.id = held.id
    RETURNING a.id
)
SELECT count(*)::integer FROM free;

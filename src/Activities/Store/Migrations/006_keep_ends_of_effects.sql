-- The ends of effects with a time limit. An orchestration waits for each; this table holds what it is begun again from when that is lost.
CREATE TABLE expiry (
    operation_key text        CONSTRAINT an_effect_ends_once PRIMARY KEY,
    request       jsonb       NOT NULL,
    due_at        timestamptz NOT NULL,
    registered_at timestamptz NOT NULL,
    -- How often its orchestration was begun again, and when last.
    restarts      integer     NOT NULL DEFAULT 0,
    restarted_at  timestamptz,
    ended_at      timestamptz,
    outcome       text,
    CONSTRAINT an_ended_expiry_has_an_outcome CHECK ((ended_at IS NULL) = (outcome IS NULL))
);
CREATE INDEX expiries_not_ended ON expiry (operation_key) WHERE ended_at IS NULL;

-- Those that were begun before this table was: what may still stand on its target, and was due a week ago at the earliest.
INSERT INTO expiry (operation_key, request, due_at, registered_at)
SELECT operation.key,
    jsonb_build_object(
        'Key', operation.key, 'IncidentId', operation.incident_id, 'ActionId', operation.action_id, 'Target', incident.input -> 'Target',
        'At', operation.pre_image ->> 'expiresAt', 'EndsWithNeed', false),
    (operation.pre_image ->> 'expiresAt')::timestamptz,
    operation.intended_at
FROM operation_ledger AS operation
JOIN incident ON incident.incident_id = operation.incident_id AND incident.target_key = operation.target_key
WHERE operation.undoes IS NULL AND operation.state <> 'abandoned'
    AND (operation.pre_image ->> 'expiresAt')::timestamptz > now() - interval '7 days'
    AND NOT EXISTS (SELECT 1 FROM operation_ledger AS undo WHERE undo.undoes = operation.key AND undo.state = 'confirmed');

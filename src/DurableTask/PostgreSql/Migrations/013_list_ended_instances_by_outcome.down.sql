CREATE INDEX instances_by_completion ON instances (completed_at, instance_id) WHERE completed_at IS NOT NULL;
DROP INDEX instances_by_outcome;

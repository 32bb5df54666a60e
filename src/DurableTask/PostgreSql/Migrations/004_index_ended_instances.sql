-- Lists of ended instances by the time they ended. The last turn of an instance pays for it, the others do not.
CREATE INDEX instances_by_completion ON instances (completed_at, instance_id) WHERE completed_at IS NOT NULL;

DROP INDEX instances_by_completion;

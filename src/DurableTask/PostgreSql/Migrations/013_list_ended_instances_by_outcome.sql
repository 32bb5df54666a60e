-- Programs from version 12 on can go on.
-- Lists of ended instances by the time they ended, the failures apart from the successes: a few of one are not looked for among a million
-- of the other. It takes the place of an index without "succeeded", so that the last turn of an instance makes no entry more.
CREATE INDEX instances_by_outcome ON instances (succeeded, completed_at, instance_id) WHERE completed_at IS NOT NULL;
DROP INDEX instances_by_completion;

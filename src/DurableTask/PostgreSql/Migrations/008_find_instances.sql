-- What finds and counts instances among a million that completed: by name, by tag, and those that did not (yet) succeed, which are few.
-- "succeeded" repeats what the status says, but changes only once: turns that do not end the instance stay off the indexes.
ALTER TABLE instances ADD COLUMN succeeded boolean NOT NULL DEFAULT false;
UPDATE instances SET succeeded = true WHERE status = 1;

CREATE INDEX instances_by_name ON instances (lower(name), created_at, instance_id);
CREATE INDEX instances_without_success ON instances (created_at, instance_id) WHERE NOT succeeded;
CREATE INDEX instances_by_tag ON instances USING gin (tags jsonb_path_ops) WHERE tags IS NOT NULL;

DROP INDEX instances_by_tag;
DROP INDEX instances_without_success;
DROP INDEX instances_by_name;
ALTER TABLE instances DROP COLUMN succeeded;

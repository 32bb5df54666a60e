-- How often a worker was lost while it held the row: 0 as a rule. What kills every worker that touches it is found by it, and ended.
ALTER TABLE instances ADD COLUMN lost_attempts integer NOT NULL DEFAULT 0;
ALTER TABLE activities ADD COLUMN lost_attempts integer NOT NULL DEFAULT 0;

ALTER TABLE activities DROP COLUMN lost_attempts;
ALTER TABLE instances DROP COLUMN lost_attempts;

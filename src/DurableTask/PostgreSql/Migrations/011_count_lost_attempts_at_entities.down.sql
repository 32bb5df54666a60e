ALTER TABLE entities DROP COLUMN suspect_until;
ALTER TABLE entities DROP COLUMN lost_attempts;

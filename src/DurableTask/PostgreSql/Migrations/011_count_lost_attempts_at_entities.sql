-- Programs from version 10 on can go on.
-- As for instances and activities (006): an operation that kills every worker that runs it is found by it. Until which message of the inbox
-- operations are under suspicion: what came later was never lost.
ALTER TABLE entities
    ADD COLUMN lost_attempts integer NOT NULL DEFAULT 0,
    ADD COLUMN suspect_until bigint;

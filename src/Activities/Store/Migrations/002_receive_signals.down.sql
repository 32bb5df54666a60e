-- An older program does not know this table and would never route what waits in it.
DO $$
DECLARE waiting bigint;
BEGIN
    SELECT count(*) INTO waiting FROM received_signal WHERE routed_at IS NULL;
    IF waiting > 0 THEN
        RAISE EXCEPTION '% received signals are not routed yet: let the newer program route them, or delete those that are parked',
            waiting;
    END IF;
END $$;
DROP TABLE received_signal;

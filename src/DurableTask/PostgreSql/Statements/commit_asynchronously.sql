-- For locks only: one that a crash of the server undoes was not seen by anybody who could commit with it afterwards (the fence and the
-- worker's name tell), so it need not wait for the disk.
SELECT set_config('synchronous_commit', 'off', true);

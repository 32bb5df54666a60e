-- Programs from version 4 on can go on.
-- Nothing here grows with the number of turns but dead rows: they are removed after 2 % of changes, and by a vacuum that may work five
-- times as fast as the server's default allows, because a busy hub makes thousands of them per second.
ALTER TABLE instances SET (
    autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 1000);
ALTER TABLE history SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 1000);
ALTER TABLE inbox SET (autovacuum_vacuum_cost_limit = 1000);
ALTER TABLE activities SET (autovacuum_vacuum_cost_limit = 1000);
ALTER TABLE entities SET (
    autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 1000);
ALTER TABLE entity_inbox SET (autovacuum_vacuum_cost_limit = 1000);

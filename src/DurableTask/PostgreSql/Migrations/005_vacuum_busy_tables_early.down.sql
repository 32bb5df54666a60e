ALTER TABLE instances RESET (autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor, autovacuum_vacuum_cost_limit);
ALTER TABLE history RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_cost_limit);
ALTER TABLE inbox RESET (autovacuum_vacuum_cost_limit);
ALTER TABLE activities RESET (autovacuum_vacuum_cost_limit);
ALTER TABLE entities RESET (autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor, autovacuum_vacuum_cost_limit);
ALTER TABLE entity_inbox RESET (autovacuum_vacuum_cost_limit);

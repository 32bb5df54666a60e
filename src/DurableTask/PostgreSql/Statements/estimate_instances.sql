-- How large the table is and, if it was ever analyzed, about how many instances there are of each common name: the planner's own figures.
SELECT pg_relation_size(c.oid) AS bytes, common.name,
       (common.frequency * c.reltuples * pg_relation_size(c.oid) / current_setting('block_size')::bigint / greatest(c.relpages, 1))::bigint
FROM pg_class c
LEFT JOIN pg_stats s ON s.schemaname = current_schema() AND s.tablename = 'instances' AND s.attname = 'name' AND c.reltuples > 0
LEFT JOIN LATERAL unnest(s.most_common_vals::text::text[], s.most_common_freqs) AS common (name, frequency) ON true
WHERE c.oid = 'instances'::regclass;

-- How large the table is and, if it was ever analyzed, about how many instances there are of any name that is not common, on average, and
-- of each common name (also in small letters): the planner's own figures. n_distinct below zero is a share of the rows.
SELECT pg_relation_size(c.oid) AS bytes,
       (t.count * (1 - coalesce((SELECT sum(f) FROM unnest(s.most_common_freqs) AS f), 0))
           / greatest(1, CASE WHEN s.n_distinct < 0 THEN -s.n_distinct * t.count ELSE s.n_distinct END
               - coalesce(cardinality(s.most_common_freqs), 0)))::bigint,
       common.name, lower(common.name), (common.frequency * t.count)::bigint
FROM pg_class c
CROSS JOIN LATERAL (
    SELECT c.reltuples * pg_relation_size(c.oid) / current_setting('block_size')::bigint / greatest(c.relpages, 1) AS count) t
LEFT JOIN pg_stats s ON s.schemaname = current_schema() AND s.tablename = 'instances' AND s.attname = 'name' AND c.reltuples > 0
LEFT JOIN LATERAL unnest(s.most_common_vals::text::text[], s.most_common_freqs) AS common (name, frequency) ON true
WHERE c.oid = 'instances'::regclass;

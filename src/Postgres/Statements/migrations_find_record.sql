-- Whether the record of our migrations is there, and may be read; something else that is in the schema; who asks.
SELECT r.oid IS NOT NULL,
       coalesce(has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(r.oid, 'SELECT'), false),
       (SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 1 LIMIT 1),
       current_user::text
FROM (SELECT 1) AS one_row
LEFT JOIN pg_namespace n ON n.nspname = $1
LEFT JOIN pg_class r ON r.relnamespace = n.oid AND r.relname = 'schema_migrations' AND r.relkind = 'r';

-- Two roles for one schema (a task hub, or the healer's own store): the owner migrates, the worker reads and writes rows and can change
-- nothing else. Run it once per schema, as a superuser or the database's owner, in the database that holds it:
--
--   psql -d heal -v schema=healhub -v owner=heal_owner -v worker=heal_worker -f deploy/postgresql/roles.sql
--
-- Then set the passwords (\password heal_owner), migrate by starting a process once with the owner's connection string, and give the
-- worker's to the others. It can be run again, and after the migrations too.
\set ON_ERROR_STOP on

SELECT format('CREATE ROLE %I LOGIN', role) FROM unnest(ARRAY[:'owner', :'worker']) AS role
WHERE NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = role)
\gexec

CREATE SCHEMA IF NOT EXISTS :"schema" AUTHORIZATION :"owner";
ALTER SCHEMA :"schema" OWNER TO :"owner";
REVOKE ALL ON SCHEMA :"schema" FROM PUBLIC;
GRANT USAGE ON SCHEMA :"schema" TO :"worker";

-- What is there, and what the owner will create.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA :"schema" TO :"worker";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA :"schema" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"worker";

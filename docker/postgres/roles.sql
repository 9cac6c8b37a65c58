-- The two roles of Torana, on a PostgreSQL that you run yourself. Run by psql, as a superuser,
-- in the database that Torana shall use. Under compose it runs once, when the database is made.
--
-- torana_owner migrates and owns the tables; torana_service is what every pool uses: it may not
-- change the schema, and what it may do to each table is said by the migrations.
\set ON_ERROR_STOP on
\set owner_password `cat "${TORANA_OWNER_PASSWORD_FILE:-/run/secrets/owner_password}"`
\set service_password `cat "${TORANA_SERVICE_PASSWORD_FILE:-/run/secrets/service_password}"`
-- the passwords are not to stand in the server's log, whatever it logs
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';

CREATE ROLE torana_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE torana_service LOGIN PASSWORD :'service_password';

SELECT current_database() AS database \gset
ALTER DATABASE :"database" OWNER TO torana_owner;
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO torana_service;
ALTER SCHEMA public OWNER TO torana_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO torana_service;

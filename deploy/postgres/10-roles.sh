#!/bin/bash
# Run once by the image on an empty volume: the owner of Cadencia's tables, and the role by which the switch reads
# the agents' log-ins (it gets its rights from the migrations). Neither is a superuser.
set -euo pipefail

psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set owner_password="$(</run/secrets/database_password)" \
    --set reader_password="$(</run/secrets/switch_reader_password)" <<'SQL'
CREATE ROLE cadencia LOGIN PASSWORD :'owner_password';
CREATE ROLE switch_reader LOGIN PASSWORD :'reader_password' CONNECTION LIMIT 20;
CREATE DATABASE cadencia OWNER cadencia;
REVOKE ALL ON DATABASE cadencia FROM PUBLIC;
GRANT CONNECT ON DATABASE cadencia TO switch_reader;
SQL

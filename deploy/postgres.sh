#!/bin/sh
# Run by the image of PostgreSQL when its data folder is new: a user for Colloquy who is no superuser,
# since row-level security, the second wall between users, does not hold those.
set -eu
psql --set ON_ERROR_STOP=1 --username postgres --set password="$POSTGRES_PASSWORD" <<'SQL'
CREATE ROLE colloquy LOGIN PASSWORD :'password';
CREATE DATABASE colloquy OWNER colloquy;
SQL

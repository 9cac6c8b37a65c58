#!/bin/sh
# Makes docker/secrets/ for compose.yml; leaves what is there as it is.
# The key of OpenAlgo is yours to write into docker/secrets/openalgo_api_key.
set -eu
cd "$(dirname "$0")"
umask 022
mkdir -p secrets
chmod 0700 secrets

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
make() { [ -e "secrets/$1" ] || printf '%s' "$2" >"secrets/$1"; }

for name in postgres_password owner_password service_password admin_token; do
    make "$name" "$(random)"
done
make database_url "postgres://torana_service:$(cat secrets/service_password)@postgres:5432/torana"
make database_owner_url "postgres://torana_owner:$(cat secrets/owner_password)@postgres:5432/torana"
make openalgo_api_key ''
echo "docker/secrets is complete: $(find secrets -type f | wc -l) files"

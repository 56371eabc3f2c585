#!/bin/sh
# What must be there before Airflow starts: its tables, the admin's password, the pools.
# Safe to run again: at each `docker compose up`, and after a new image.
set -eu

if [ "${#AIRFLOW__API_AUTH__JWT_SECRET}" -lt 64 ]; then
  echo 'AIRFLOW_JWT_SECRET in .env is shorter than 64 characters: make it with "openssl rand -hex 64".' >&2
  exit 1
fi
python -c 'import os; from cryptography.fernet import Fernet; Fernet(os.environ["AIRFLOW__CORE__FERNET_KEY"])' 2>/dev/null || {
  echo 'AIRFLOW_FERNET_KEY in .env is no Fernet key: make it with "openssl rand -base64 32 | tr +/ -_".' >&2
  exit 1
}

airflow db migrate

# The simple auth manager reads its users' passwords from this file.
umask 077
python -c '
import json, os
users = os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"].split(",")
with open(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"], "w") as file:
    json.dump({user.split(":")[0]: os.environ["AIRFLOW_ADMIN_PASSWORD"] for user in users}, file)
'

# The scheduler makes them as well; here a wrong catalogue stops the start and says why.
python -c 'from gapfill.orchestration.pools import make_pools; print("pools made:", make_pools())'

# The store must answer before anything is scheduled: 0 is complete, 3 is something to heal.
python -m gapfill status || [ $? -eq 3 ]
echo 'ready'

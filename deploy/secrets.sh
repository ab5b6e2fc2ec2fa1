#!/bin/sh
# Makes what compose.yaml reads from deploy/secrets/, once; what is there already stays.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
chmod 700 secrets

random() { python3 -c 'import secrets; print(secrets.token_urlsafe(36))'; }

[ -s secrets/secret_key ] || random >secrets/secret_key
if [ ! -s secrets/broker__url ] || [ ! -s secrets/rabbitmq.conf ]; then
    password=$(random)
    printf 'amqp://handleby:%s@rabbitmq:5672/\n' "$password" >secrets/broker__url
    printf 'default_user = handleby\ndefault_pass = %s\n' "$password" >secrets/rabbitmq.conf
fi
# The folder keeps others on this machine out; inside the containers users with other numbers read the files.
chmod 444 secrets/secret_key secrets/broker__url secrets/rabbitmq.conf
echo "deploy/secrets is ready. Keep a copy of secret_key somewhere safe: links and reply tokens depend on it."

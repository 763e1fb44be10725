#!/bin/sh
# Makes each secret of compose.yaml that is not there yet, in the folder secrets beside this script, or in the one that is given.
# To change one, delete its file and run this again; redis-cert.pem is renewed so too (it lasts two years, its authority ten).
# Needs openssl. No secret is in a command line: other users of the machine could read it there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/secrets}
# Compose mounts each file with the mode that it has here, for containers whose users have other numbers. So the files can
# be read by all, and the folder opened by its owner alone.
umask 077
mkdir -p "$folder"
cd "$folder"

missing() { [ ! -s "$1" ]; }
# Moved when it is whole, so that what is broken off is made again.
keep() { cat > "$1.new" && chmod "${2:-644}" "$1.new" && mv "$1.new" "$1"; }

if missing encryption_keys; then printf 'k1:%s\n' "$(openssl rand -base64 32)" | keep encryption_keys; fi
if missing name_key; then openssl rand -base64 32 | keep name_key; fi
if missing turn_secret; then openssl rand -hex 32 | keep turn_secret; fi
if missing grafana_password; then openssl rand -hex 16 | keep grafana_password; fi

# The list of users holds the password's hash alone.
if missing redis_url || missing redis_users; then
  password=$(openssl rand -hex 32)
  hash=$(printf '%s' "$password" | openssl dgst -sha256 -r | cut -d ' ' -f 1)
  sed "s/>PASSWORD/#$hash/" "$here/redis/users.acl" | keep redis_users
  printf 'rediss://voip:%s@redis:6379\n' "$password" | keep redis_url
fi

# An authority for Redis alone, whose key stays here.
if missing redis_ca_key.pem || missing redis_ca.pem; then
  openssl ecparam -name prime256v1 -genkey -noout | keep redis_ca_key.pem 600
  openssl req -x509 -new -key redis_ca_key.pem -sha256 -days 3650 -subj '/CN=Redis of voip-call-signaling' | keep redis_ca.pem
  rm -f redis_cert.pem
fi
if missing redis_key.pem; then
  openssl ecparam -name prime256v1 -genkey -noout | keep redis_key.pem
  rm -f redis_cert.pem
fi
if missing redis_cert.pem; then
  printf 'subjectAltName=DNS:redis,DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n' > extensions
  openssl req -new -key redis_key.pem -subj '/CN=redis' -out request
  openssl x509 -req -in request -CA redis_ca.pem -CAkey redis_ca_key.pem -CAcreateserial -CAserial redis_ca.srl \
    -sha256 -days 730 -extfile extensions 2>/dev/null | keep redis_cert.pem
  rm -f extensions request
fi

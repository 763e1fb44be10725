#!/bin/sh
# Starts coturn with a secret that stands in a file: a command line and an environment can be read by other processes.
#   TURN_SECRET_FILE   the shared secret of RELAY_CONFIG_FILE's shared-secret provider
#   TURN_CONFIG        the configuration beside this script
#   TURN_EXTERNAL_IP   the host's public address, where a NAT stands before it; may be empty
#   TURN_TLS_DIR       holds cert.pem and key.pem for turns:; none there: no TLS
set -eu
umask 077
here=$(dirname "$0")
secret=$(cat "${TURN_SECRET_FILE:-/run/secrets/turn}")
[ -n "$secret" ] || { echo 'TURN_SECRET_FILE is empty' >&2; exit 1; }
config=$(mktemp)
{
  cat "${TURN_CONFIG:-$here/turnserver.conf}"
  echo
  echo "static-auth-secret=$secret"
  [ -z "${TURN_EXTERNAL_IP:-}" ] || echo "external-ip=$TURN_EXTERNAL_IP"
  tls="${TURN_TLS_DIR:-/etc/coturn/tls}"
  if [ -r "$tls/cert.pem" ] && [ -r "$tls/key.pem" ]; then
    echo "cert=$tls/cert.pem"
    echo "pkey=$tls/key.pem"
  else
    echo no-tls
    echo no-dtls
  fi
} > "$config"
exec turnserver -c "$config" "$@"

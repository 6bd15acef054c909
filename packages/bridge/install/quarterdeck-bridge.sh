#!/bin/sh
# quarterdeck-bridge, as install.sh put it on the PATH: what touches the bridge's files runs as the bridge's user.
set -eu
library=/usr/lib/quarterdeck
service_user=quarterdeck
program=$library/bridge/dist/quarterdeck-bridge.mjs

# As the services have it: the Node that came along is what runs get.
export PATH="$PATH:$library/bin"

# Where the bridge keeps its files, for whoever is not root.
export XDG_DATA_HOME=/var/lib

# Settings of the service that also hold for the commands; root and the service's user can read them.
if [ -r /etc/quarterdeck/bridge.env ]; then
  while IFS='=' read -r name value; do
    case $name in
      HTTPS_PROXY | NO_PROXY | NODE_EXTRA_CA_CERTS) export "$name=$value" ;;
    esac
  done </etc/quarterdeck/bridge.env
fi

if [ "$(id -u)" = 0 ]; then
  case ${1:-} in
    # The doctor as root: what is to be checked is what runs have, which is the helper's to give.
    helper | policy | doctor) ;;
    *) set -- as-user "$@" ;;
  esac
  if [ "${1:-}" = as-user ]; then
    shift
    exec runuser -u "$service_user" -- "$library/bin/node" "$program" "$@"
  fi
fi
exec "$library/bin/node" "$program" "$@"

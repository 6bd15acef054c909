#!/bin/sh
# Connects this server to a Quarterdeck platform, updates what an earlier run installed, or removes it again.
#
#   curl -fsSL https://PLATFORM/install.sh | sh -s -- --token TOKEN --platform-key SHA256:FINGERPRINT
#
# Nothing is trusted before the platform's key has the fingerprint that the command names: the manifest of what is
# installed is signed with that key, and everything else is compared with the hashes in the manifest.
set -eu

# The platform writes its own address here when it serves this file.
platform_url='@PLATFORM_URL@'

library=/usr/lib/quarterdeck
settings=/etc/quarterdeck
units=/etc/systemd/system
command_path=/usr/local/bin/quarterdeck-bridge
bridge_data=/var/lib/quarterdeck-bridge
helper_data=/var/lib/quarterdeck-helper
service_user=quarterdeck
online_seconds=300

token=${QUARTERDECK_ENROL_TOKEN:-}
platform_key=
allowed_address=
server_name=
is_dry=no
is_uninstall=no

usage() {
  cat <<'USAGE'
usage: install.sh --token TOKEN --platform-key FINGERPRINT [options]

  --token TOKEN           the single-use token that the console shows (or QUARTERDECK_ENROL_TOKEN, which other users
                          of this machine do not see); not needed to update
  --platform-key FPR      the platform's fingerprint, SHA256:…; not needed to update
  --name NAME             what to call this server (default: its host name)
  --url URL               the platform's address, if it is not the one this file came from
  --allow-address URL     an http:// address that may be used although it is not encrypted: for test servers only
  --dry-run               say what would be done and change nothing
  --uninstall             remove everything but the projects

environment: HTTPS_PROXY, NO_PROXY   used for the installation, and kept for the service in /etc/quarterdeck/bridge.env

exit codes: 0 done, 1 something failed, 2 mistake in the command line, 3 something is missing on this server,
            4 the platform is not the expected one, 5 installed, but not online yet
USAGE
}

say() { printf '%s\n' "$*"; }
fail() {
  code=$1
  shift
  printf 'install.sh: %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '  %s\n' "$line" >&2; done
  exit "$code"
}
has() { command -v "$1" >/dev/null 2>&1; }

# Does it, or says that it would.
act() {
  if [ "$is_dry" = yes ]; then
    say "would: $*"
  else
    "$@"
  fi
}

# --- the command line ------------------------------------------------------------------------------------------------

read_options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --dry-run) is_dry=yes ;;
      --uninstall) is_uninstall=yes ;;
      --help | -h)
        usage
        exit 0
        ;;
      --token | --platform-key | --name | --url | --allow-address)
        [ $# -ge 2 ] || fail 2 "$1 needs a value." "See: install.sh --help"
        case $1 in
          --token) token=$2 ;;
          --platform-key) platform_key=$2 ;;
          --name) server_name=$2 ;;
          --url) platform_url=$2 ;;
          --allow-address) allowed_address=$2 ;;
        esac
        shift
        ;;
      *) fail 2 "there is no option $1." "See: install.sh --help" ;;
    esac
    shift
  done
  platform_url=${platform_url%/}
}

# Without encryption only to this machine itself, or to the one address that the command names.
check_address() {
  case $platform_url in
    *[!]A-Za-z0-9:/.[_-]*) fail 2 "$platform_url is not an address like https://platform.example." ;;
    https://?*) protocols='=https' ;;
    http://localhost | http://localhost:* | http://127.0.0.1 | http://127.0.0.1:* | http://\[::1\] | http://\[::1\]:*)
      protocols='=http'
      ;;
    http://?*)
      protocols='=http'
      [ "${allowed_address%/}" = "$platform_url" ] ||
        fail 2 "$platform_url is not encrypted, which is refused except to this machine itself." \
          "Use the platform's https:// address."
      say "Warning: $platform_url is not encrypted; --allow-address says that this is a test server."
      ;;
    *) fail 2 "the platform's address is missing." "Name it: --url https://platform.example" ;;
  esac
}

# --- what this server has --------------------------------------------------------------------------------------------

# How to install packages here, to be followed by their names.
package_command() {
  if has apt-get; then
    echo "apt-get install -y"
  elif has dnf; then
    echo "dnf install -y"
  elif has zypper; then
    echo "zypper install -y"
  elif has pacman; then
    echo "pacman -S"
  else
    echo "install with your system's package manager:"
  fi
}

check_system() {
  [ "$(uname -s)" = Linux ] || fail 3 "this is $(uname -s); a server needs Linux."
  case $(uname -m) in
    x86_64 | amd64) architecture=linux-x64 ;;
    aarch64 | arm64) architecture=linux-arm64 ;;
    *) architecture=none ;;
  esac
  [ "$(id -u)" = 0 ] ||
    fail 3 "only root can install a service." "Run it again with sudo: curl -fsSL … | sudo sh -s -- …" \
      "Without root, the console shows a second command under \"Connect a server\", which runs in the foreground."
  [ -d /run/systemd/system ] ||
    fail 3 "systemd does not run here, so there is nothing to install a service in." \
      "In a container, use the image (docs/guide/servers.md); elsewhere the second command that the console shows."
}

check_tools() {
  missing=
  for tool in tar gzip sha256sum base64 mktemp sed grep find install readlink; do has "$tool" || missing="$missing $tool"; done
  has curl || has wget || missing="$missing curl"
  has useradd || missing="$missing passwd"
  has runuser || missing="$missing util-linux"
  has openssl || missing="$missing openssl"
  has bwrap || missing="$missing bubblewrap"
  [ -z "$missing" ] ||
    fail 3 "missing on this server:$missing" "Install what is missing and run the command again:" \
      "$(package_command)$missing"
  has git || say "Note: git is not installed, so no repository can be cloned here yet: $(package_command) git"
  [ -f /sys/fs/cgroup/cgroup.controllers ] ||
    say "Note: this system has no cgroup v2; limits are weaker. It comes with systemd.unified_cgroup_hierarchy=1 on the kernel's command line."
  free_kilobytes=$(df -Pk /usr | awk 'NR == 2 { print $4 }')
  [ "$free_kilobytes" -ge 409600 ] ||
    fail 3 "only $((free_kilobytes / 1024)) MiB are free below /usr." "Make room for 400 MiB and run the command again."
}

# Prints a Node of the system that is new enough and that nobody but root can replace, or nothing.
find_node() {
  for candidate in "$(command -v node || true)" /usr/local/bin/node /usr/bin/node; do
    [ -n "$candidate" ] || continue
    candidate=$(readlink -f "$candidate" || true)
    case $candidate in
      "$library"/*) continue ;;
      /usr/* | /opt/*) ;;
      *) continue ;;
    esac
    if is_roots "$candidate" && is_new_enough "$candidate"; then
      echo "$candidate"
      return
    fi
  done
}

is_roots() { [ -x "$1" ] && [ "$(find "$1" -maxdepth 0 -user root ! -perm /022)" = "$1" ]; }
is_new_enough() {
  "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number);
    process.exit(a > 22 || (a === 22 && b >= 13) ? 0 : 1)' >/dev/null 2>&1
}

# --- fetching and checking -------------------------------------------------------------------------------------------

# Fetches a path of the platform into a file. Redirections are not followed: the address is the one that was checked.
fetch() {
  if has curl; then
    curl -fsS --proto "$protocols" --connect-timeout 20 --retry 3 --retry-delay 2 -o "$2" "$platform_url$1"
  else
    # wget knows the variables in lower case only.
    https_proxy=${https_proxy:-${HTTPS_PROXY:-}} no_proxy=${no_proxy:-${NO_PROXY:-}} \
      wget -q --max-redirect=0 --tries=3 -O "$2" "$platform_url$1"
  fi || fail 1 "$platform_url$1 could not be fetched (the reason is above)." \
    "Check the address, the network and, where there is one, HTTPS_PROXY."
}

to_base64url() { base64 | tr -d '\n=' | tr '/+' '_-'; }
sha256_of() { sha256sum "$1" | cut -d ' ' -f 1; }

# The manifest: the platform's key, its signature, and the text that was signed. PROTOCOL 9.7
read_manifest() {
  fetch /install/manifest "$work/answer"
  key=$(sed -n 1p "$work/answer")
  signature=$(sed -n 2p "$work/answer")
  sed 1,2d "$work/answer" >"$work/manifest"
  # 43 characters are 32 bytes in base64url, 86 are 64.
  printf '%s %s\n' "$key" "$signature" | grep -q -x '[A-Za-z0-9_-]\{43\} [A-Za-z0-9_-]\{86\}' ||
    fail 4 "$platform_url answers, but not like a Quarterdeck platform. Check the address."
  key_base64=$(printf '%s=' "$key" | tr '_-' '/+')
  fingerprint=SHA256:$(printf '%s' "$key_base64" | base64 -d | openssl dgst -sha256 -binary | to_base64url)
  if [ -n "$platform_key" ]; then
    [ "$fingerprint" = "$platform_key" ] ||
      fail 4 "$platform_url has the key $fingerprint, but the command says $platform_key." \
        "Nothing was changed on this server. Copy the command again from the console;" \
        "if it still differs, somebody may be in between."
  elif pinned=$(pinned_keys) && [ -n "$pinned" ]; then
    grep -q "\"\(current\|next\)\": \"$key\"" "$pinned" ||
      fail 4 "$platform_url has the key $fingerprint, which is not the key that this server was connected with." \
        "Nothing was changed on this server. If the platform's keys were changed, name its fingerprint: --platform-key"
  else
    fail 2 "--platform-key is missing." "The console shows the whole command under \"Connect a server\"."
  fi
  check_signature || fail 4 "the platform's manifest is not signed with its key. Nothing was changed on this server."
  [ "$(manifest_field quarterdeck-install 2)" = 1 ] ||
    fail 1 "this script is older than what $platform_url serves." "Fetch it again from there."
  version=$(manifest_field bridge 2)
}

# The file with the keys that were pinned. The helper's is root's, so that a captured bridge could not have changed it.
pinned_keys() {
  for file in "$helper_data/own/trust.json" "$bridge_data/identity.json"; do
    if [ -f "$file" ]; then
      echo "$file"
      return
    fi
  done
}

check_signature() {
  {
    printf 'quarterdeck/install/v1\000'
    cat "$work/manifest"
  } >"$work/signed"
  printf '%s==' "$signature" | tr '_-' '/+' | base64 -d >"$work/signature"
  # The header of an Ed25519 key (RFC 8410) has 12 bytes, so its base64 can be put in front.
  printf '%s\n' '-----BEGIN PUBLIC KEY-----' "MCowBQYDK2VwAyEA$key_base64" '-----END PUBLIC KEY-----' >"$work/key.pem"
  if openssl pkeyutl -help 2>&1 | grep -q -e -rawin; then
    openssl pkeyutl -verify -pubin -inkey "$work/key.pem" -rawin -in "$work/signed" -sigfile "$work/signature" \
      >/dev/null 2>&1
  elif has node; then
    node -e 'const { readFileSync: read } = require("fs");
      const [key, text, signature] = process.argv.slice(1).map((path) => read(path));
      process.exit(require("crypto").verify(null, text, key, signature) ? 0 : 1)' \
      "$work/key.pem" "$work/signed" "$work/signature"
  else
    fail 3 "this server's OpenSSL is older than 3.0 and cannot check the platform's signature." \
      "Install OpenSSL 3, or Node 22.13 or newer, and run the command again."
  fi
}

# The field of the line of the manifest that begins with these words.
manifest_field() { awk -v name="$1" -v field="$2" '$1 == name { print $field; exit }' "$work/manifest"; }
node_field() { awk -v name="$architecture" -v field="$1" '$1 == "node" && $2 == name { print $field; exit }' "$work/manifest"; }

# --- installing ------------------------------------------------------------------------------------------------------

choose_node() {
  system_node=$(find_node)
  if [ -n "$system_node" ]; then
    say "Node: $system_node ($("$system_node" --version)) is new enough."
    return
  fi
  node_version=$(node_field 3)
  [ -n "$node_version" ] ||
    fail 3 "there is no Node 22.13 or newer on this server, and the platform has none for $(uname -m)." \
      "Install one below /usr or /opt, for example from https://nodejs.org, and run the command again."
  if ls /lib/ld-musl-* >/dev/null 2>&1; then
    fail 3 "this system uses musl, and the platform's Node needs glibc." "Install Node 22.13 or newer: apk add nodejs"
  fi
  say "Node: none here is new enough; $node_version comes from the platform."
}

install_node() {
  act mkdir -p "$library/bin"
  if [ -n "$system_node" ]; then
    act ln -sfn "$system_node" "$library/bin/node"
    return
  fi
  node_folder=$library/node-$node_version-$architecture
  if [ -x "$node_folder/node" ] && [ "$(sha256_of "$node_folder/node")" = "$(node_field 4)" ]; then
    act ln -sfn "$node_folder/node" "$library/bin/node"
    return
  fi
  if [ "$is_dry" = yes ]; then
    say "would: fetch Node $node_version ($(($(node_field 5) / 1048576)) MiB) into $node_folder, and check its SHA-256"
    return
  fi
  say "Fetching Node $node_version…"
  fetch "$(node_field 6)" "$work/node.gz"
  # One byte more than expected is enough to know that it is something else.
  gzip -dc "$work/node.gz" | head -c "$(($(node_field 5) + 1))" >"$work/node"
  rm -f "$work/node.gz"
  [ "$(sha256_of "$work/node")" = "$(node_field 4)" ] ||
    fail 4 "what the platform serves as Node is not what its manifest describes. Nothing was installed."
  chmod 755 "$work/node"
  "$work/node" --version >/dev/null 2>&1 ||
    fail 3 "the platform's Node does not run on this system (an old glibc?)." \
      "Install Node 22.13 or newer below /usr or /opt and run the command again."
  mkdir -p "$node_folder"
  put_file "$work/node" "$node_folder/node" 755
  ln -sfn "$node_folder/node" "$library/bin/node"
  for old in "$library"/node-*; do [ "$old" = "$node_folder" ] || rm -rf "$old"; done
}

# Replaces a file whole: whoever reads it meanwhile has the old one or the new one.
put_file() {
  if [ "$is_dry" = yes ]; then
    say "would: write $2"
    return
  fi
  install -m "$3" -o root -g root "$1" "$2.new"
  mv -f "$2.new" "$2"
}

install_package() {
  if [ "$is_dry" = yes ]; then
    say "would: unpack version $version of the bridge into $library/bridge, and check its SHA-256"
    return
  fi
  say "Fetching version $version of the bridge…"
  fetch "$(manifest_field bridge 5)" "$work/bridge.tgz"
  [ "$(sha256_of "$work/bridge.tgz")" = "$(manifest_field bridge 3)" ] ||
    fail 4 "what the platform serves as the bridge is not what its manifest describes. Nothing was installed."
  rm -rf "$library/bridge.new" "$library/bridge.old"
  mkdir -m 755 "$library/bridge.new"
  tar -xzf "$work/bridge.tgz" -C "$library/bridge.new" --strip-components=1 --no-same-owner --no-same-permissions
  chmod -R u=rwX,go=rX "$library/bridge.new"
  [ ! -d "$library/bridge" ] || mv "$library/bridge" "$library/bridge.old"
  mv "$library/bridge.new" "$library/bridge"
  rm -rf "$library/bridge.old"
  put_file "$library/bridge/install/quarterdeck-bridge.sh" "$command_path" 755
}

make_user() {
  if id "$service_user" >/dev/null 2>&1; then return; fi
  act useradd --system --user-group --home-dir "$bridge_data" --no-create-home --shell /usr/sbin/nologin \
    --comment "Quarterdeck bridge" "$service_user"
}

# Owned by root and in root's folder: the service may read its settings and not change them.
write_settings() {
  act mkdir -p "$settings"
  if [ "$is_dry" = yes ]; then
    say "would: write $settings/bridge.env, and $settings/policy.toml where there is none"
    return
  fi
  # The proxy of whoever installs, or the one that was kept.
  {
    say "# Written by install.sh. Restart quarterdeck-bridge.service after a change."
    for name in HTTPS_PROXY NO_PROXY NODE_EXTRA_CA_CERTS; do
      value=$(printenv "$name" || true)
      if [ -n "$value" ]; then
        say "$name=$value"
      elif [ -f "$settings/bridge.env" ]; then
        grep "^$name=" "$settings/bridge.env" || true
      fi
    done
  } >"$work/bridge.env"
  put_file "$work/bridge.env" "$settings/bridge.env" 640
  chgrp "$service_user" "$settings/bridge.env"
  # The owner's: what he wrote into it stays.
  [ -e "$settings/policy.toml" ] || put_file "$library/bridge/policy.toml" "$settings/policy.toml" 644
}

# The key is made here and never leaves. The token goes through the environment: command lines are for all to see.
enrol_server() {
  if [ -f "$bridge_data/identity.json" ]; then
    say "This server is connected already; projects, key and journal stay as they are."
    return
  fi
  [ -n "$token" ] || fail 2 "--token is missing." "The console shows the whole command under \"Connect a server\"."
  act install -d -m 700 -o "$service_user" -g "$service_user" "$bridge_data"
  if [ "$is_dry" = yes ]; then
    say "would: make this server's key in $bridge_data and enrol it at $platform_url"
    return
  fi
  set -- enrol --data "$bridge_data" --url "$platform_url" --platform-key "${platform_key:-$fingerprint}"
  [ -z "$server_name" ] || set -- "$@" --name "$server_name"
  [ -z "$allowed_address" ] || set -- "$@" --allow-address "$allowed_address"
  export QUARTERDECK_ENROL_TOKEN="$token"
  runuser -u "$service_user" -- "$library/bin/node" "$library/bridge/dist/quarterdeck-bridge.mjs" "$@" ||
    fail 1 "the platform did not take this server (the reason is above)." \
      "What is installed so far stays; a new command from the console goes on from here."
  unset QUARTERDECK_ENROL_TOKEN
}

# What the helper obeys is root's: it is taken from what the bridge was enrolled with, once.
prepare_helper() {
  if [ "$is_dry" = yes ]; then return; fi
  "$library/bin/node" "$library/bridge/dist/quarterdeck-bridge.mjs" helper init \
    --from "$bridge_data" --data "$helper_data" --group "$service_user" ||
    fail 1 "the helper could not be prepared (the reason is above)."
}

start_services() {
  if [ "$is_dry" = yes ]; then
    say "would: write $units/quarterdeck-bridge.service and $units/quarterdeck-helper.service, enable and start them"
    return
  fi
  services="quarterdeck-helper.service quarterdeck-bridge.service"
  for unit in $services; do put_file "$library/bridge/install/$unit" "$units/$unit" 644; done
  systemctl daemon-reload
  # shellcheck disable=SC2086 # two names, without spaces in them
  systemctl enable --quiet $services
  # Runs go on meanwhile. What the process before it said about itself is not to be taken for the new one's.
  # shellcheck disable=SC2086
  systemctl stop $services
  rm -f "$bridge_data/state.json"
  # shellcheck disable=SC2086
  systemctl start $services || fail 1 "the services do not start." "See: journalctl -u quarterdeck-bridge -u quarterdeck-helper"
}

wait_until_online() {
  if [ "$is_dry" = yes ]; then
    say "would: wait until the platform sees this server online"
    return
  fi
  say "Waiting until the platform sees this server…"
  state=$bridge_data/state.json
  waited=0
  while [ "$waited" -lt "$online_seconds" ]; do
    # Of the process that runs now: what an earlier one left says nothing.
    if grep -q '"state": *"online"' "$state" 2>/dev/null && "$command_path" status >/dev/null 2>&1; then return; fi
    systemctl --quiet is-failed quarterdeck-bridge.service && break
    sleep 1
    waited=$((waited + 1))
  done
  "$command_path" status || true
  fail 5 "this server is installed, but the platform does not see it yet." \
    "The services go on trying. See what they say: journalctl -u quarterdeck-bridge -u quarterdeck-helper" \
    "and what is missing: quarterdeck-bridge doctor"
}

install_all() {
  check_tools
  read_manifest
  choose_node
  if [ ! -f "$bridge_data/identity.json" ] && [ -z "$token" ]; then
    fail 2 "--token is missing." "The console shows the whole command under \"Connect a server\"."
  fi
  install_node
  install_package
  make_user
  write_settings
  enrol_server
  prepare_helper
  start_services
  wait_until_online
  if [ "$is_dry" = yes ]; then
    say "Nothing was changed."
    return
  fi
  say "Done: version $version of the bridge runs as a service, and the console shows this server."
  say "  quarterdeck-bridge status    how it is doing"
  say "  quarterdeck-bridge doctor    what could be better here"
}

# --- removing --------------------------------------------------------------------------------------------------------

uninstall_all() {
  # All runs end: usually they outlive their service.
  for unit in quarterdeck-bridge.service quarterdeck-helper.service; do
    [ -f "$units/$unit" ] || continue
    if [ "$is_dry" = no ]; then
      mkdir -p "/run/systemd/system/$unit.d"
      printf '[Service]\nKillMode=control-group\nTimeoutStopSec=15\n' >"/run/systemd/system/$unit.d/uninstall.conf"
      systemctl daemon-reload
    fi
    act systemctl disable --quiet --now "$unit"
  done
  [ ! -d /sys/fs/cgroup/qd.slice ] || act systemctl stop qd.slice
  # What systemd keeps for slices of these names until the server starts again.
  act rm -rf /run/systemd/system.control/qd-*.slice.d
  act rm -rf "$units/quarterdeck-bridge.service" "$units/quarterdeck-bridge.service.d" \
    "$units/quarterdeck-helper.service" "$units/quarterdeck-helper.service.d" \
    /run/systemd/system/quarterdeck-bridge.service.d /run/systemd/system/quarterdeck-helper.service.d
  act systemctl daemon-reload
  # One that was killed is remembered as failed; there is nothing to forget of one that was not.
  [ "$is_dry" = yes ] || systemctl reset-failed "quarterdeck-*" 2>/dev/null || true
  remove_users
  act rm -rf "$library" "$command_path" "$settings" /run/quarterdeck
  kept=
  for data in "$bridge_data" "$helper_data"; do
    [ ! -d "$data" ] || keep_projects "$data"
  done
  if [ "$is_dry" = yes ]; then
    say "Nothing was changed."
  elif [ -n "$kept" ]; then
    say "Removed. The projects are still here and belong to root:$kept"
    say "Remove the server in the console as well: its key is gone from here."
  else
    say "Removed. There was no project. Remove the server in the console as well."
  fi
}

# The service's user and those of workspaces: whoever is at home in the bridge's folders.
remove_users() {
  awk -F: -v a="$bridge_data" -v b="$helper_data" \
    '$6 == a || $6 == b || index($6, a "/") == 1 || index($6, b "/") == 1 { print $1 }' /etc/passwd >"$work/users"
  while read -r user; do
    if [ "$is_dry" = no ]; then end_processes_of "$user"; fi
    act userdel "$user"
  done <"$work/users"
  if grep -q "^$service_user:" /etc/group; then act groupdel "$service_user"; fi
}

end_processes_of() {
  uid=$(id -u "$1")
  for status in /proc/[0-9]*/status; do
    # A process may end while we look.
    if [ "$(awk '$1 == "Uid:" { print $2 }' "$status" 2>/dev/null)" = "$uid" ]; then
      pid=${status#/proc/}
      kill -KILL "${pid%/status}" 2>/dev/null || true
    fi
  done
}

# Removes everything in a data directory but the projects, which then belong to root: the uid may be given away again.
keep_projects() {
  if [ "$is_dry" = yes ]; then
    say "would: remove everything in $1 but workspaces/*/projects"
    return
  fi
  find "$1" -mindepth 1 -maxdepth 1 ! -name workspaces -exec rm -rf {} +
  if [ -d "$1/workspaces" ]; then
    find "$1/workspaces" -mindepth 1 -maxdepth 1 ! -type d -exec rm -f {} +
    find "$1/workspaces" -mindepth 2 -maxdepth 2 ! -name projects -exec rm -rf {} +
    # Clones that were not finished.
    find "$1/workspaces" -mindepth 3 -maxdepth 3 -name '.*' -exec rm -rf {} +
    find "$1/workspaces" -mindepth 1 -maxdepth 2 -depth -type d -empty -exec rmdir {} \;
    rmdir "$1/workspaces" 2>/dev/null || true
  fi
  if rmdir "$1" 2>/dev/null; then return; fi
  # Their share of the disk is nobody's to count any more.
  if has chattr; then chattr -R -f -P -p 0 "$1" || true; fi
  chown -R -h root:root "$1"
  for project in "$1"/workspaces/*/projects/*; do kept="$kept
  $project"; done
}

# ---------------------------------------------------------------------------------------------------------------------

# All of it is read before any of it runs, so a download that was cut short does nothing.
main() {
  umask 022
  read_options "$@"
  if [ "$is_uninstall" = no ]; then check_address; fi
  check_system
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  if [ "$is_uninstall" = yes ]; then uninstall_all; else install_all; fi
}

main "$@"

#!/usr/bin/env bash
# tests/offline.sh <command>...: runs the command in a place whose only network is a loopback device of its own.
set -euo pipefail
if [ "$(id -u)" = 0 ]; then own=(unshare --net); else own=(unshare --map-root-user --net); fi
# shellcheck disable=SC2016  # expanded by the inner shell
exec "${own[@]}" -- sh -c 'ip link set lo up && exec "$@"' sh "$@"

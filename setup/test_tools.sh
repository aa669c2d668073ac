#!/usr/bin/env bash
# setup/test_tools.sh <folder> [peers]: installs the Python and JavaScript packages of the end to end tests, or those of
# tests/peers, in <folder>/venv and <folder>/node_modules. It is quick when they are there, and starts over when a pinned
# version changes.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=setup/common.sh
. "$here/common.sh"
[ $# = 1 ] || [ "$#:${2:-}" = 2:peers ] || die "usage: $0 <folder> [peers]"
tests=$here/../tests/${2:-e2e}
into=$1
mkdir -p "$into"

# made <stamp> <file>...: whether an earlier run installed what these files name.
made() { [ -f "$1" ] && [ "$(cat "$1")" = "$(cat "${@:2}" | sha256_of)" ]; }
done_with() { cat "${@:2}" | sha256_of >"$1"; }

if ! made "$into/venv.stamp" "$tests/requirements.txt"; then
  say "tests: Python packages"
  rm -rf "$into/venv"
  python3 -m venv "$into/venv"
  "$into/venv/bin/pip" install --quiet --disable-pip-version-check -r "$tests/requirements.txt"
  done_with "$into/venv.stamp" "$tests/requirements.txt"
fi

if ! made "$into/node.stamp" "$tests/package.json" "$tests/package-lock.json"; then
  say "tests: JavaScript packages"
  rm -rf "$into/node_modules" "$into/no_libp2p"
  cp "$tests/package.json" "$tests/package-lock.json" "$into/"
  [ ! -d "$tests/no_libp2p" ] || cp -r "$tests/no_libp2p" "$into/"
  npm ci --prefix "$into" --loglevel=error --no-audit --no-fund --ignore-scripts
  done_with "$into/node.stamp" "$tests/package.json" "$tests/package-lock.json"
fi

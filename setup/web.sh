#!/usr/bin/env bash
# The page that the server brings along (web/README.md).
#
#   setup/web.sh         builds it into build/web/packed; quick if nothing has changed. Without npm, or without a network for
#                        its packages, it says so and succeeds: the program gets a plain page, then.
#   setup/web.sh test    checks its types and runs its unit tests
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=setup/common.sh
. "$here/common.sh"
root=$(cd "$here/.." && pwd)
web=$root/web
out=$root/build/web

plain() {
  say "$*; the program gets a plain page"
  rm -rf "$out/packed"
  exit 0
}

# Vite wants Node.js 20.19, or 22.12 and newer. Where the system's is older, one from npm is kept in the build folder.
new_enough() {
  "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number)
    process.exit((a === 20 && b >= 19) || (a === 22 && b >= 12) || a > 22 ? 0 : 1)' 2>/dev/null
}

find_node() {
  node=$(command -v node || true)
  if [ -n "$node" ] && new_enough "$node"; then return; fi
  if [ ! -d "$out/node/node_modules" ]; then
    say "page: a newer Node.js"
    mkdir -p "$out/node"
    cp "$web/node/package.json" "$web/node/package-lock.json" "$out/node/"
    npm ci --prefix "$out/node" --loglevel=error --no-audit --no-fund --ignore-scripts || return 1
  fi
  for node in "$out"/node/node_modules/node-*/bin/node; do
    if new_enough "$node"; then return; fi
  done
  return 1
}

sources() { find "$web" \( -name node_modules -prune \) -o -type f -print | LC_ALL=C sort; }
with_contents() { while IFS= read -r file; do echo "${file#"$web"/}" && cat "$file"; done; }
same() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

packages() {
  local key
  key=$(sha256_of <"$web/package-lock.json")
  if [ -d "$web/node_modules" ] && same "$web/node_modules/.eai-stamp" "$key"; then return; fi
  say "page: JavaScript packages"
  (cd "$web" && npm ci --loglevel=error --no-audit --no-fund --ignore-scripts) || return 1
  printf '%s' "$key" >"$web/node_modules/.eai-stamp"
}

run() { (cd "$web" && PATH=$(dirname "$node"):$PATH && export PATH && "$@"); }

case ${1:-} in
  '')
    key=$(sources | with_contents | sha256_of)
    if [ -f "$out/packed/list" ] && same "$out/stamp" "$key"; then exit 0; fi
    command -v npm >/dev/null || plain "there is no npm"
    find_node || plain "there is no Node.js that is new enough"
    packages || plain "npm could not fetch the page's packages"
    say "page: building"
    run node node_modules/vite/bin/vite.js build --logLevel warn
    run node pack.mjs >&2
    printf '%s' "$key" >"$out/stamp"
    ;;
  test)
    find_node || die "there is no Node.js that is new enough to test the page"
    packages || die "npm could not fetch the page's packages"
    run node node_modules/typescript/bin/tsc --noEmit
    run node node_modules/vitest/vitest.mjs run --silent=passed-only
    ;;
  *) die "usage: $0 [test]" ;;
esac

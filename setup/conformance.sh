#!/usr/bin/env bash
# Builds the conformance suites of IPFS gateways, once per pinned version and outside the build folder, and prints the
# path of their program, which lies in the folder of their sources. A second call finds what the first one built.
# Only `make conformance` needs them.
#
#   EAI_CONFORMANCE=<folder>   a checkout of gateway-conformance of your own to use instead of a clone
#   XDG_CACHE_HOME             the suites are kept in $XDG_CACHE_HOME/eai/peers (default ~/.cache)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=setup/common.sh
. "$here/common.sh"

readonly commit=22c76440f8b5929bd14ff08bf79cb2f83669b629  # of 2026-04-30, behind version 0.13.2
readonly origin=https://github.com/ipfs/gateway-conformance
home=$(peers_home)/gateway-conformance-${commit:0:12}
use_if_there "$home/gateway-conformance"
go=$("$here/go.sh")
one_builder "$home"
use_if_there "$home/gateway-conformance"

work_beside "$home"
if [ -n "${EAI_CONFORMANCE:-}" ]; then
  say "conformance: taking the sources of $EAI_CONFORMANCE"
  mkdir "$work/home"
  git -C "$EAI_CONFORMANCE" archive "$commit" | tar -x -C "$work/home" ||
    die "$EAI_CONFORMANCE has no commit $commit of $origin"
else
  say "conformance: fetching the suites from $origin"
  git init -q "$work/home"
  git -C "$work/home" fetch -q --depth 1 "$origin" "$commit" ||
    die "the suites could not be fetched; name a checkout of them with EAI_CONFORMANCE"
  git -C "$work/home" checkout -q FETCH_HEAD
fi
say "conformance: building (a minute, once)"
log=$home.log
# The suites are run by `go test`, so its program is built as well, which brings all modules it needs.
(cd "$work/home" && GOTOOLCHAIN=auto "$go" build -o gateway-conformance ./cmd/gateway-conformance &&
  GOTOOLCHAIN=auto "$go" test -c -o /dev/null ./tests) >"$log" 2>&1 || did_not_build gateway-conformance "$log"
mv "$work/home" "$home"  # all or nothing
say "conformance: done, kept in $home"
echo "$home/gateway-conformance"

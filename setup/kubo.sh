#!/usr/bin/env bash
# Builds kubo, the IPFS node that the end to end tests speak to, once per pinned version, outside the build folder,
# and prints the path of its program `ipfs`. A second call finds what the first one built. Tests only: eai itself
# needs no kubo.
#
#   EAI_KUBO=<file>    an own `ipfs` program to use instead
#   EAI_JOBS=<n>       parallel compiler runs (default: one per core)
#   XDG_CACHE_HOME     it is kept in $XDG_CACHE_HOME/eai/peers (default ~/.cache)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=setup/common.sh
. "$here/common.sh"

if [ -n "${EAI_KUBO:-}" ]; then
  [ -x "$EAI_KUBO" ] || die "EAI_KUBO=$EAI_KUBO is not a program"
  echo "$EAI_KUBO"
  exit 0
fi

module=$(cd "$here/../tests/kubo" && pwd)
key=$(cat "$module/go.mod" "$module/go.sum" | sha256_of | cut -c1-12)
peers=$(dirname "$(engines_home)")/peers
home=$peers/kubo-$key
if [ -x "$home/ipfs" ]; then echo "$home/ipfs"; exit 0; fi

go=$("$here/go.sh")
mkdir -p "$peers"
exec 9>"$home.lock"
flock_or_go_on 9
if [ -x "$home/ipfs" ]; then echo "$home/ipfs"; exit 0; fi

work=$(mktemp -d "$peers/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
say "kubo: building ipfs with $(jobs) compilers (some minutes, once)"
log=$home.log
(cd "$module" && GOFLAGS=-mod=readonly GOBIN="$work/home" GOTOOLCHAIN=auto \
  "$go" install -p "$(jobs)" -trimpath github.com/ipfs/kubo/cmd/ipfs) >"$log" 2>&1 ||
  { tail -n 30 "$log" >&2; die "kubo did not build; the whole log is $log"; }
mv "$work/home" "$home"  # all or nothing
say "kubo: done, kept in $home"
echo "$home/ipfs"

#!/usr/bin/env bash
# Builds kubo, the IPFS node that the end to end tests talk to, once per pinned version and outside the build folder,
# and prints the path of its program `ipfs`. A second call finds what the first one built. Only tests need it; eai does
# not.
#
#   EAI_KUBO=<file>    an `ipfs` program of your own to use instead
#   EAI_JOBS=<n>       parallel compiler runs (default: one per core)
#   XDG_CACHE_HOME     kubo is kept in $XDG_CACHE_HOME/eai/peers (default ~/.cache)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=setup/common.sh
. "$here/common.sh"

use_given EAI_KUBO

module=$(cd "$here/../tests/kubo" && pwd)
key=$(cat "$module/go.mod" "$module/go.sum" | sha256_of | cut -c1-12)
home=$(peers_home)/kubo-$key
use_if_there "$home/ipfs"
go=$("$here/go.sh")
one_builder "$home"
use_if_there "$home/ipfs"

work_beside "$home"
say "kubo: building ipfs with $(jobs) compilers (some minutes, once)"
log=$home.log
(cd "$module" && GOFLAGS=-mod=readonly GOBIN="$work/home" GOTOOLCHAIN=auto \
  "$go" install -p "$(jobs)" -trimpath github.com/ipfs/kubo/cmd/ipfs) >"$log" 2>&1 ||
  did_not_build kubo "$log"
mv "$work/home" "$home"  # all or nothing
say "kubo: done, kept in $home"
echo "$home/ipfs"

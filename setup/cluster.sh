#!/usr/bin/env bash
# Builds IPFS Cluster (ipfs-cluster-service, ipfs-cluster-follow and ipfs-cluster-ctl), which the end to end tests talk
# to, once per pinned version and outside the build folder, and prints the folder of its programs. A second call finds
# what the first one built. Only tests need it; eai does not.
#
#   EAI_CLUSTER=<folder>  programs of your own to use instead
#   EAI_JOBS=<n>          parallel compiler runs (default: one per core)
#   XDG_CACHE_HOME        they are kept in $XDG_CACHE_HOME/eai/peers (default ~/.cache)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=setup/common.sh
. "$here/common.sh"

use_given EAI_CLUSTER

module=$(cd "$here/../tests/cluster" && pwd)
key=$(cat "$module/go.mod" "$module/go.sum" | sha256_of | cut -c1-12)
home=$(peers_home)/cluster-$key
use_if_there "$home"
go=$("$here/go.sh")
one_builder "$home"
use_if_there "$home"

work_beside "$home"
say "IPFS Cluster: building with $(jobs) compilers (some minutes, once)"
log=$home.log
commands=github.com/ipfs-cluster/ipfs-cluster/cmd
(cd "$module" && GOFLAGS=-mod=readonly GOBIN="$work/home" GOTOOLCHAIN=auto "$go" install -p "$(jobs)" -trimpath \
  "$commands/ipfs-cluster-service" "$commands/ipfs-cluster-follow" "$commands/ipfs-cluster-ctl") >"$log" 2>&1 ||
  did_not_build "IPFS Cluster" "$log"
mv "$work/home" "$home"  # all or nothing
say "IPFS Cluster: done, kept in $home"
echo "$home"

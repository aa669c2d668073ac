#!/usr/bin/env bash
# Prints the path of a `go` that can build kubo: the one in PATH if it is new enough to update itself (1.21), otherwise
# a newer one, which the one in PATH fetches once through the Go module proxy. Only tests need it.
#
#   GOPROXY            where modules come from (default: Go's own)
#   XDG_CACHE_HOME     the newer one is kept in $XDG_CACHE_HOME/eai/peers (default ~/.cache)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=setup/common.sh
. "$here/common.sh"

readonly version=1.26.8
case $(uname -sm) in
  'Linux x86_64') system=linux-amd64 sum=h1:ZOmGe1OnfREDMIdb1Qi4G9JSuDPBLGExZMQ4nis1RXM= ;;
  'Linux aarch64') system=linux-arm64 sum=h1:sYL/O6MqS68ML0kjsQ36WoYIpJqkw60TxizWUYUKQMc= ;;
  *) system='' sum='' ;;
esac

command -v go >/dev/null || die "Go is not installed; install it (Debian: golang-go), or name an ipfs program with EAI_KUBO"
have=$(go env GOVERSION)  # go1.19.8; empty before 1.16
minor=${have#go1.}
minor=${minor%%[!0-9]*}
if [ "${minor:-0}" -ge 21 ]; then command -v go; exit 0; fi

home=$(peers_home)/go-$version
use_if_there "$home/bin/go"
[ -n "$system" ] || die "building kubo takes Go 1.21 or newer; '$(command -v go)' is ${have:-older}"
one_builder "$home"
use_if_there "$home/bin/go"

work_beside "$home"
say "go: fetching $version (the installed one is ${have:-older than 1.16})"
printf 'module fetch\n' >"$work/go.mod"
# The whole of Go is published as a module: a zip whose hash, as `go mod download` computes it, is pinned above, so that
# no database of hashes has to be asked.
(cd "$work" && GOSUMDB=off GOFLAGS=-modcacherw GOMODCACHE="$work/modules" \
  go mod download -json "golang.org/toolchain@v0.0.1-go$version.$system") >"$work/told" ||
  { cat "$work/told" >&2; die "Go $version could not be fetched; install Go 1.21 or newer, or name an ipfs program with EAI_KUBO"; }
got=$(jq -r .Sum "$work/told")
[ "$got" = "$sum" ] || die "Go $version for $system is not the pinned one: its hash is $got, expected $sum"
fetched=$(jq -r .Dir "$work/told")
# A module's files are not executable.
find "$fetched/bin" "$fetched/pkg/tool" -type f -exec chmod +x {} +
mv "$fetched" "$home"  # all or nothing
say "go: done, kept in $home"
echo "$home/bin/go"

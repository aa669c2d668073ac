#!/usr/bin/env bash
# Installs the Debian or Ubuntu packages that eai needs. Quick and silent when all are there.
#
#   setup/packages.sh build          what building and running needs
#   setup/packages.sh build test     and what `make test` needs
#   setup/packages.sh fuzz           and what the preset `fuzz` needs
#   setup/packages.sh --list build   prints the names, one a line; installs nothing
#
# Other systems: mac.sh (Homebrew); elsewhere this script says what is wanted and goes on if the tools are there.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=setup/common.sh
. "$here/common.sh"

# The one list: set, package, and a program that makes the package needless when it is already there (from wherever).
# "a|b": the first that this release of the system knows.
wanted() {
  cat <<'LIST'
build  g++                                          g++
build  make                                         make
build  cmake                                        cmake
build  ninja-build                                  ninja
build  ccache                                       ccache
build  git                                          git
build  curl                                         curl
build  npm                                          npm
build  jq                                           jq
build  ca-certificates
build  pkg-config                                   pkg-config
build  libboost1.81-dev|libboost1.83-dev
build  libboost-json1.81-dev|libboost-json1.83-dev
build  libboost-url1.81-dev|libboost-url1.83-dev
build  libssl-dev
build  libcurl4-openssl-dev
build  libarchive-dev
build  libisal-dev
build  zlib1g-dev
build  libsodium-dev
build  libcli11-dev
build  libspdlog-dev
build  libexpected-dev
build  libtomlplusplus-dev
build  libpng-dev
build  libturbojpeg0-dev
build  libwebp-dev
build  patch                                        patch
build  cargo                                        cargo
test   libgtest-dev
test   libbenchmark-dev
test   python3                                      python3
test   python3-venv
test   pigz                                         pigz
test   isal                                         igzip
test   nodejs                                       node
test   golang-go                                    go
test   shellcheck                                   shellcheck
test   clang-format-14                              clang-format-14
test   clang-tidy-14                                clang-tidy-14
test   universal-ctags                              ctags-universal
test   iproute2                                     ip
test   util-linux                                   unshare
test   procps                                       ps
fuzz   clang-14                                     clang++-14
fuzz   libclang-rt-14-dev
LIST
}

installed() { [ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2>/dev/null)" = "ii " ]; }
known() { apt-cache show "$1" >/dev/null 2>&1; }

# Prints the packages of the given sets that are missing, alternatives unresolved.
missing() {
  local set package program name
  while read -r set package program; do
    case " $* " in *" $set "*) ;; *) continue ;; esac
    if [ -n "$program" ] && command -v "$program" >/dev/null; then continue; fi
    for name in ${package//|/ }; do
      if installed "$name"; then continue 2; fi
    done
    echo "$package"
  done < <(wanted)
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "these packages must be installed by root, and there is no sudo: ${names[*]}
  As root: apt-get install --no-install-recommends ${names[*]}"
  fi
}

if [ "${1:-}" = --list ]; then
  shift
  wanted | while read -r set package _; do
    case " $* " in *" $set "*) echo "$package" ;; esac
  done
  exit
fi
[ $# -gt 0 ] || die "which packages? use: setup/packages.sh build [test] [fuzz]"

if ! command -v dpkg-query >/dev/null; then
  say "no Debian packages here: the tools and libraries of '$0 --list $*' must be installed by hand"
  exit 0
fi

mapfile -t lacking < <(missing "$@")
[ ${#lacking[@]} -gt 0 ] || exit 0

names=("${lacking[@]}")
as_root apt-get -qq update
names=()
for package in "${lacking[@]}"; do
  found=
  for name in ${package//|/ }; do
    if known "$name"; then found=$name; break; fi
  done
  [ -n "$found" ] || die "this system has no package $package; eai needs Debian 12, Ubuntu 24.04 or newer"
  names+=("$found")
done
say "installing packages: ${names[*]}"
# A fresh machine may be busy with its own updates: waited for.
as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=600 install --no-install-recommends \
  "${names[@]}" >/dev/null

#!/usr/bin/env bash
# Installs the Debian or Ubuntu packages that eai needs. It is quick and silent when all of them are installed.
#
#   setup/packages.sh build          what building and running needs
#   setup/packages.sh build test     also what `make test` and `make lint` need
#   setup/packages.sh fuzz           what the preset `fuzz` needs in addition
#   setup/packages.sh --list build   prints the names, one per line, and installs nothing
#
# macOS has mac.sh (Homebrew). On any other system this script says what is needed and succeeds.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=setup/common.sh
. "$here/common.sh"

# The one list: the set, the package, and a program that makes the package unnecessary if it is already in PATH.
# "a|b" means the first of them that this release of the system has.
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
build  libzstd-dev
build  libsodium-dev
build  libcli11-dev
build  libspdlog-dev
build  libexpected-dev
build  libtomlplusplus-dev
build  libpng-dev
build  libturbojpeg0-dev
build  libwebp-dev
build  libedit-dev
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
test   strace                                       strace
test   tmux                                         tmux
test   zsh                                          zsh
test   fish                                         fish
test   less                                         less
test   man-db                                       man
test   mandoc                                       mandoc
test   chromium|chromium-browser                    chromium
fuzz   clang-14                                     clang++-14
fuzz   libclang-rt-14-dev
LIST
}

installed() { [ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2>/dev/null)" = "ii " ]; }
known() { apt-cache show "$1" >/dev/null 2>&1; }

# Prints the packages of the given sets that are missing, with their alternatives as written.
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
    die "only root can install these packages, and there is no sudo: ${names[*]}
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
[ $# -gt 0 ] || die "say which packages: setup/packages.sh build [test] [fuzz]"

if ! command -v dpkg-query >/dev/null; then
  say "this system has no Debian packages: the tools and libraries of '$0 --list $*' must be installed by hand"
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
# A fresh machine may be busy with its own updates, so apt waits for them.
as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=600 install --no-install-recommends \
  "${names[@]}" >/dev/null

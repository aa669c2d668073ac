#!/usr/bin/env bash
# Sets up eai on macOS: the Homebrew packages, the engines with Metal and the program. It can be run again at any time.
# UNTRIED: written from the documentation, never run on a Mac.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=setup/common.sh
. setup/common.sh

[ "$(uname -s)" = Darwin ] || die "mac.sh is for macOS; use ubuntu.sh on Debian and Ubuntu"
command -v brew >/dev/null || die "Homebrew is required; https://brew.sh says how to install it"
# `brew install` leaves installed packages alone.
brew install --quiet cmake ninja ccache git jq node rust pkg-config libpng jpeg-turbo webp boost openssl@3 curl libarchive isa-l zstd libsodium cli11 \
  spdlog tl-expected tomlplusplus
CMAKE_PREFIX_PATH="$(brew --prefix openssl@3):$(brew --prefix curl):$(brew --prefix libarchive)"
PKG_CONFIG_PATH="$(brew --prefix libarchive)/lib/pkgconfig:$(brew --prefix curl)/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
export CMAKE_PREFIX_PATH PKG_CONFIG_PATH
export EAI_GPU=metal
set_up

#!/usr/bin/env bash
# Sets up eai on an NVIDIA Jetson (JetPack 7 or newer, which is Ubuntu 24.04): the packages, the engines with CUDA and
# the program. It can be run again at any time. UNTRIED: written from the documentation, never run on a Jetson.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=setup/common.sh
. setup/common.sh

setup/packages.sh build
if ! command -v nvcc >/dev/null; then
  # JetPack installs the compiler here without adding it to PATH.
  PATH=/usr/local/cuda/bin:$PATH
  export PATH
fi
command -v nvcc >/dev/null || die "nvcc was not found; install JetPack's CUDA toolkit: sudo apt-get install nvidia-jetpack"
export EAI_GPU=cuda  # every later make keeps this choice
set_up

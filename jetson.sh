#!/usr/bin/env bash
# Sets eai up on NVIDIA Jetson (JetPack 7 or newer: Ubuntu 24.04): packages, engines with CUDA, the program. Run again
# without harm.
# UNTRIED: written from the documentation, never run on a Jetson.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=setup/common.sh
. setup/common.sh

setup/packages.sh build
if ! command -v nvcc >/dev/null; then
  # JetPack puts the compiler here and leaves PATH alone.
  PATH=/usr/local/cuda/bin:$PATH
  export PATH
fi
command -v nvcc >/dev/null || die "nvcc was not found; install JetPack's CUDA toolkit: sudo apt-get install nvidia-jetpack"
export EAI_GPU=cuda  # kept for every later make
set_up

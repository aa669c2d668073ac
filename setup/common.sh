# What the set-up scripts share. It is sourced, never run. Messages go to stderr, because stdout carries results.
# shellcheck shell=bash

# A set-up asks no questions: a repository that does not exist is an error, not a prompt for a password.
export GIT_TERMINAL_PROMPT=0

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
if [ ! -t 2 ] || [ -n "${NO_COLOR:-}" ]; then
  say() { printf "==> %s\n" "$*" >&2; }
fi

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

jobs() { echo "${EAI_JOBS:-$(nproc 2>/dev/null || sysctl -n hw.ncpu)}"; }

# Where built engines, and the programs that only tests and measurements need, are kept: outside any build folder.
engines_home() { echo "${XDG_CACHE_HOME:-$HOME/.cache}/eai/engines"; }
peers_home() { echo "${XDG_CACHE_HOME:-$HOME/.cache}/eai/peers"; }

sha256_of() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -d' ' -f1; }

# engine_key <source id> <option>...: 12 hex digits that change with everything that makes the binary a different one:
# the source, the options, the compiler, and the processor, since the engines are built for the machine that they run
# on.
engine_key() {
  {
    printf '%s\n' "$@"
    "${CXX:-c++}" --version | head -n 1
    uname -sm
    sed -nE '/^(flags|Features)/{p;q}' /proc/cpuinfo 2>/dev/null || sysctl -n machdep.cpu.brand_string
  } | sha256_of | cut -c1-12
}

# Sets EAI_GPU, if it is not set, to that of the engines that were built last, so that `make install` after
# `EAI_GPU=cuda make` does not build and install engines without CUDA.
choose_gpu() {
  if [ -z "${EAI_GPU:-}" ] && [ -f "$(engines_home)/gpu" ]; then EAI_GPU=$(cat "$(engines_home)/gpu"); fi
  if [ -z "${EAI_GPU:-}" ] && [ "$(uname -s)" = Darwin ]; then EAI_GPU=metal; fi
  export EAI_GPU=${EAI_GPU:-none}
}

# To be called once its engines are built: a choice that does not build is not kept.
remember_gpu() {
  mkdir -p "$(engines_home)"
  printf '%s\n' "$EAI_GPU" >"$(engines_home)/gpu"
}

# gpu_options_for llama|image: appends the switches of EAI_GPU to the array `options`.
gpu_options_for() {
  local prefix=GGML
  [ "$1" = image ] && prefix=SD
  choose_gpu
  case $EAI_GPU in
    none) ;;
    cuda | vulkan | metal) options+=("-D${prefix}_$(printf '%s' "$EAI_GPU" | tr '[:lower:]' '[:upper:]')=ON") ;;
    *) die "EAI_GPU=$EAI_GPU is not known; use cuda, vulkan, metal or none" ;;
  esac
}

# use_given <variable>: if the user names a program with this variable, prints it and ends the script.
use_given() {
  [ -n "${!1:-}" ] || return 0
  [ -x "${!1}" ] || die "$1=${!1} is not a program"
  echo "${!1}"
  exit 0
}

# use_if_there <file>: if there is such a program, prints it and ends the script.
use_if_there() { if [ -x "$1" ]; then echo "$1" && exit 0; fi; }

# one_builder <folder>: waits until no other process makes this folder; the lock is held until the script ends. macOS
# has no flock(1): there two builders at once cost time, not correctness, because the last step is one rename.
one_builder() {
  mkdir -p "$(dirname "$1")"
  exec 9>"$1.lock"
  if command -v flock >/dev/null; then flock 9; fi
}

# work_beside <folder>: sets `work` to a new folder beside it, which is removed when the script ends.
work_beside() {
  mkdir -p "$(dirname "$1")"
  work=$(mktemp -d "$(dirname "$1")/build.XXXXXX")
  trap 'rm -rf "$work"' EXIT
}

# apply_patches <folder of patches> <source>: needs work_beside.
apply_patches() {
  local p file
  for p in "$1"/*.patch; do
    # Some upstreams mix line endings; the patches have plain ones.
    while read -r file; do
      tr -d '\r' <"$2/$file" >"$work/plain" && cp "$work/plain" "$2/$file"
    done < <(sed -n 's#^+++ b/##p' "$p")
    patch --quiet -d "$2" -p1 <"$p" >&2 || die "the patch $p does not fit the source"
  done
}

# Sets `launchers` to the options with which CMake compiles by ccache, where there is one. With ccache, a new patch costs
# only what it touches.
ccache_options() {
  local ccache
  ccache=$(command -v ccache || true)
  # shellcheck disable=SC2034
  launchers=("-DCMAKE_C_COMPILER_LAUNCHER=$ccache" "-DCMAKE_CXX_COMPILER_LAUNCHER=$ccache")
}

# did_not_build <what> <log>: ends the script with the last lines of the log.
did_not_build() {
  tail -n 30 "$2" >&2
  die "$1 did not build; the whole log is $2"
}

# The part of a set-up that is the same on every system: the engines, then the program. Call it in the project's folder.
set_up() {
  setup/llama_engine.sh >/dev/null
  setup/image_engine.sh >/dev/null
  [ -f build/release/build.ninja ] || cmake --preset release
  cmake --build --preset release --parallel "$(jobs)"
  say "ready: $PWD/build/release/bin/eai"
}

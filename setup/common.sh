# What the set-up scripts share. Sourced, never run. Messages go to stderr: stdout carries results.
# shellcheck shell=bash

# A set-up asks nothing: a repository that is not there is an error, not a question for a password.
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

# Where built engines are kept, outside any build folder.
engines_home() { echo "${XDG_CACHE_HOME:-$HOME/.cache}/eai/engines"; }

sha256_of() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -d' ' -f1; }

# engine_key <source id> <option>...: 12 hex digits that change with all that makes a binary another one: source,
# options, compiler, and the processor, since the engines are built for the machine they run on.
engine_key() {
  {
    printf '%s\n' "$@"
    "${CXX:-c++}" --version | head -n 1
    uname -sm
    sed -nE '/^(flags|Features)/{p;q}' /proc/cpuinfo 2>/dev/null || sysctl -n machdep.cpu.brand_string
  } | sha256_of | cut -c1-12
}

# Sets EAI_GPU where it is not: to that of the engines that were built last, so that `make install` behind
# `EAI_GPU=cuda make` does not build and install engines without it.
choose_gpu() {
  if [ -z "${EAI_GPU:-}" ] && [ -f "$(engines_home)/gpu" ]; then EAI_GPU=$(cat "$(engines_home)/gpu"); fi
  if [ -z "${EAI_GPU:-}" ] && [ "$(uname -s)" = Darwin ]; then EAI_GPU=metal; fi
  export EAI_GPU=${EAI_GPU:-none}
}

# To be called when its engines are there: a choice that does not build is not kept.
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

# macOS has no flock(1); there two builders at once cost time, not correctness (the last step is one rename).
flock_or_go_on() { if command -v flock >/dev/null; then flock "$1"; fi; }

# The part of a set-up that is the same everywhere: engines, then the program. Called from the project's folder.
set_up() {
  setup/llama_engine.sh >/dev/null
  setup/image_engine.sh >/dev/null
  [ -f build/release/build.ninja ] || cmake --preset release
  cmake --build --preset release --parallel "$(jobs)"
  say "ready: $PWD/build/release/bin/eai"
}

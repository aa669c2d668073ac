#!/usr/bin/env bash
# Builds llama.cpp's programs once per pinned source, options, patches (llama_engine/), compiler and processor, outside
# the build folder, and prints the folder that holds them. A second call finds what the first one built.
#
#   EAI_GPU=cuda|vulkan|metal|none  the backend besides the processor (default: the same as last time; metal on macOS)
#   EAI_LLAMA_SOURCE=<folder>       a git checkout to build from instead of a downloaded one; its tree is checked as well
#   EAI_JOBS=<n>                    parallel compiler runs (default: one per core)
#   XDG_CACHE_HOME                  engines are kept in $XDG_CACHE_HOME/eai/engines (default ~/.cache)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=setup/common.sh
. "$here/common.sh"

readonly version=v0.5.0
readonly tree=fd570ef54b10ec5fecb739e7e04c8ce44a6f415a  # git tree of the release
readonly npm_package=node-llama-cpp@3.22.1              # carries the whole release as a git bundle
readonly upstream=https://github.com/ggml-org/llama.cpp
readonly programs=(llama-server llama-fit-params ggml-rpc-server)

options=(
  -DCMAKE_BUILD_TYPE=Release
  -DBUILD_SHARED_LIBS=OFF
  -DGGML_RPC=ON
  -DLLAMA_USE_PREBUILT_UI=OFF   # the default downloads a web page while it builds
  -DLLAMA_BUILD_UI=OFF
  -DLLAMA_OPENSSL=OFF           # an engine that cannot speak TLS cannot fetch anything by itself
  -DLLAMA_BUILD_TESTS=OFF
  -DLLAMA_BUILD_EXAMPLES=OFF
)
gpu_options_for llama
ccache_options
patches=$(cd "$here/../llama_engine/patches" && pwd)

key=$(engine_key "$tree" "${options[@]}" "$(cat "$patches"/*.patch | sha256_of)")
home=$(engines_home)/llama-$version-$key
have_all() {
  local p
  for p in "${programs[@]}"; do [ -x "$home/bin/$p" ] || return 1; done
}
finish() {
  remember_gpu
  echo "$home/bin"
  exit 0
}
if have_all; then finish; fi

one_builder "$home"
if have_all; then finish; fi
work_beside "$home"

fetch_source() {
  if [ -n "${EAI_LLAMA_SOURCE:-}" ]; then
    say "llama.cpp: taking the source from $EAI_LLAMA_SOURCE"
    git clone -q --no-hardlinks "$EAI_LLAMA_SOURCE" "$work/src" ||
      die "EAI_LLAMA_SOURCE=$EAI_LLAMA_SOURCE is not a git checkout"
    return
  fi
  if command -v npm >/dev/null; then
    say "llama.cpp: fetching the source of $version (npm package $npm_package)"
    if (cd "$work" && npm pack --silent "$npm_package" >/dev/null && tar xzf ./*.tgz package/llama/gitRelease.bundle) &&
      git -c advice.detachedHead=false clone -q "$work/package/llama/gitRelease.bundle" "$work/src"; then
      return
    fi
    say "llama.cpp: the npm package could not be fetched"
  fi
  say "llama.cpp: fetching the source of $version from $upstream"
  git -c advice.detachedHead=false clone -q --depth 1 --branch "$version" "$upstream" "$work/src" ||
    die "the source of llama.cpp $version could be fetched neither from npm nor from $upstream.
  Name a git checkout of it with EAI_LLAMA_SOURCE=<folder>, or a built llama-server with EAI_LLAMA_SERVER=<file>."
}
fetch_source
got=$(git -C "$work/src" rev-parse 'HEAD^{tree}')
[ "$got" = "$tree" ] || die "the source of llama.cpp is not $version: its git tree is $got, expected $tree.
  To use a build of your own, set EAI_LLAMA_SERVER=<path of llama-server>."
apply_patches "$patches" "$work/src"

say "llama.cpp: building ${programs[*]} with $(jobs) compilers (some minutes, once)"
log=$home.log
{
  export CCACHE_BASEDIR=$work CCACHE_NOHASHDIR=1  # the folder has another name each time
  cmake -S "$work/src" -B "$work/build" -G Ninja "${launchers[@]}" "${options[@]}" &&
    cmake --build "$work/build" --parallel "$(jobs)" --target "${programs[@]}"
} >"$log" 2>&1 || did_not_build llama.cpp "$log"

mkdir -p "$work/home/bin"
for p in "${programs[@]}"; do cp "$work/build/bin/$p" "$work/home/bin/"; done
cp "$work/src/LICENSE" "$work/home/LICENSE"
rm -rf "$home"
mv "$work/home" "$home"  # all or nothing
say "llama.cpp: done, kept in $home"
finish

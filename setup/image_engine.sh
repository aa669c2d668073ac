#!/usr/bin/env bash
# Builds eai-image-engine, our server over stable-diffusion.cpp, and prints the folder that holds it. This takes two
# steps, and the results of both are kept outside the build folder: the library takes minutes, once per version,
# options, patches, compiler and processor; the program takes seconds, once per state of image_engine/. A second call
# finds what the first one built.
#
#   --library                      builds only the library and prints the CMake file that says how to link it
#
#   EAI_GPU=cuda|vulkan|metal|none the backend besides the processor (default: the same as last time; metal on macOS)
#   EAI_DIFFUSION_SOURCE=<folder>  a folder with stable-diffusion.cpp's source to build from, used as it is
#   EAI_JOBS=<n>                   parallel compiler runs (default: one per core)
#   XDG_CACHE_HOME                 engines are kept in $XDG_CACHE_HOME/eai/engines (default ~/.cache)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=setup/common.sh
. "$here/common.sh"
sources=$(cd "$here/../image_engine" && pwd)

readonly version=699                # upstream's tag is master-699-9838264
readonly crate=diffusion-rs-sys     # carries upstream's source with ggml beside it
readonly crate_version=0.1.20
readonly crate_sha256=1947b40e9b457a11baef32b105b5047227911ac48ae050e5828c5980e6a12af4
readonly upstream=https://github.com/leejet/stable-diffusion.cpp
readonly upstream_commit=9838264c490e2f413ed36b76aba9091b78ba4414
readonly program=eai-image-engine

options=(
  -DCMAKE_BUILD_TYPE=Release
  -DSD_BUILD_EXAMPLES=OFF
  -DSD_WEBP=OFF
  -DSD_WEBM=OFF
)
gpu_options_for image
ccache_options

# Takes the package's archive from cargo's own cache after cargo has fetched it by name.
fetch_crate() {
  local archive
  mkdir -p "$work/fetch/src"
  : >"$work/fetch/src/lib.rs"
  printf '[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\n%s = "=%s"\n' \
    "$crate" "$crate_version" >"$work/fetch/Cargo.toml"
  # Debian 12's cargo uses the sparse index only when told to, and is too old for the manifest in the archive. That does
  # not matter: only the archive and its hash count.
  (cd "$work/fetch" && RUSTC_BOOTSTRAP=1 CARGO_UNSTABLE_SPARSE_REGISTRY=true CARGO_REGISTRIES_CRATES_IO_PROTOCOL=sparse \
    cargo fetch --quiet) 2>"$work/cargo.log" || true
  archive=$(find "${CARGO_HOME:-$HOME/.cargo}/registry/cache" -name "$crate-$crate_version.crate" | head -n 1)
  [ -n "$archive" ] || { cat "$work/cargo.log" >&2; return 1; }
  [ "$(sha256_of <"$archive")" = "$crate_sha256" ] || die "the package $crate $crate_version is not the pinned one:
  its SHA-256 is $(sha256_of <"$archive"), expected $crate_sha256"
  tar xzf "$archive" -C "$work"
  mv "$work/$crate-$crate_version/stable-diffusion.cpp" "$1"
}

fetch_library_source() {
  if [ -n "${EAI_DIFFUSION_SOURCE:-}" ]; then
    say "stable-diffusion.cpp: taking the source from $EAI_DIFFUSION_SOURCE"
    cp -R "$EAI_DIFFUSION_SOURCE" "$1" || die "EAI_DIFFUSION_SOURCE=$EAI_DIFFUSION_SOURCE cannot be copied"
    return
  fi
  if command -v cargo >/dev/null; then
    say "stable-diffusion.cpp: fetching the source (cargo package $crate $crate_version)"
    if fetch_crate "$1"; then return; fi
    say "stable-diffusion.cpp: the cargo package could not be fetched"
  fi
  say "stable-diffusion.cpp: fetching the source from $upstream"
  { git -c advice.detachedHead=false clone -q --filter=blob:none "$upstream" "$1" &&
    git -C "$1" -c advice.detachedHead=false checkout -q "$upstream_commit" &&
    git -C "$1" submodule --quiet update --init --depth 1 ggml; } ||
    die "the source of stable-diffusion.cpp could be fetched neither with cargo nor from $upstream.
  Name a copy of it with EAI_DIFFUSION_SOURCE=<folder>, or a built engine with EAI_IMAGE_ENGINE=<file>."
}

# build_library <home>: the library stays where it is built, because the file that says how to link it contains its
# paths.
build_library() {
  local log=$1.log
  rm -rf "$1"
  mkdir -p "$1"
  fetch_library_source "$1/source"
  apply_patches "$sources/patches" "$1/source"
  say "stable-diffusion.cpp: building with $(jobs) compilers (some minutes, once)"
  SECONDS=0
  {
    # With ccache, a new patch costs only what it touches, because the folder's name does not count.
    export CCACHE_BASEDIR=$engines CCACHE_NOHASHDIR=1
    cmake -S "$sources/library" -B "$1/build" -G Ninja -DSD_SOURCE="$1/source" "${launchers[@]}" "${options[@]}" &&
      cmake --build "$1/build" --parallel "$(jobs)" --target libraries
  } >"$log" 2>&1 || did_not_build stable-diffusion.cpp "$log"
  say "stable-diffusion.cpp: built in $SECONDS seconds"
  # What linking needs stays: the archives, the folders of the headers, and the one object that the link file names.
  find "$1/build" -name '*.o' ! -path '*/zip.dir/*' -delete
  find "$1/source" -type f ! -name stable-diffusion.h ! -path "$1/source/LICENSE" -delete
  touch "$1/complete"
}

build_program() {
  local log=$1.log
  say "$program: building"
  {
    cmake -S "$sources" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DEAI_GPU="$EAI_GPU" \
      "${launchers[@]}" -DSD_LIBRARIES="$library_home/build/libraries.cmake" &&
      cmake --build "$work/build" --parallel "$(jobs)" --target "$program"
  } >"$log" 2>&1 || did_not_build "$program" "$log"
  mkdir -p "$work/home/bin"
  cp "$work/build/$program" "$work/home/bin/"
  cp "$library_home/source/LICENSE" "$work/home/LICENSE"
  rm -rf "$1"
  mv "$work/home" "$1"  # all or nothing
}

# The program is made of its own folder, without what only tests and readers need, and of base64, peer and
# result from src/util.
digest_of_program() {
  (cd "$sources" && find . ../src/util/{base64,peer,result}.{h,cc} ../src/util/hint.h -type f ! -name '*.md' ! -name '*_test.cc' |
    LC_ALL=C sort | xargs tail -n +1) | sha256_of
}

engines=$(engines_home)
source_id=${EAI_DIFFUSION_SOURCE:-$crate_sha256}
library_home=$engines/stable-diffusion-$version-$(engine_key "$source_id" "${options[@]}" \
  "$(cat "$sources"/patches/*.patch "$sources/library/CMakeLists.txt" | sha256_of)")
program_home=$engines/image-engine-$(engine_key "$library_home" "$(digest_of_program)")

wanted=$program_home/bin/$program
if [ "${1:-}" = --library ]; then wanted=$library_home/complete; fi
if [ ! -e "$wanted" ]; then
  one_builder "$library_home"
  work_beside "$library_home"
  [ -e "$library_home/complete" ] || build_library "$library_home"
  [ -e "$wanted" ] || build_program "$program_home"
fi
if [ "${1:-}" = --library ]; then
  echo "$library_home/build/libraries.cmake"
  exit
fi
echo "$program_home/bin"

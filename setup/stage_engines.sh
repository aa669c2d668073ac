#!/usr/bin/env bash
# setup/stage_engines.sh <folder>: builds the engines if they are missing and puts their programs into <folder>.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# = 1 ] || { echo "usage: $0 <folder>" >&2; exit 2; }

text=$("$here/llama_engine.sh")
images=$("$here/image_engine.sh")
mkdir -p "$1"
for program in "$text"/* "$images"/*; do
  target=$1/${program##*/}
  # A running engine keeps its file, because the new one is renamed over it.
  cmp -s "$program" "$target" || { cp "$program" "$target.new" && mv "$target.new" "$target"; }
done

#!/usr/bin/env bash
# bench/run.sh <build folder> <test tools folder> [name...]: runs the measurements bench/<name>_bench.py, or all of
# them. Each prints ratios against a rival in the same run, and fails when a bar is missed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -ge 2 ] || { echo "usage: $0 <build folder> <test tools folder> [name...]" >&2; exit 2; }
EAI_BUILD=$(cd "$1" && pwd)
EAI_TEST_TOOLS=$(cd "$2" && pwd)
export EAI_BUILD EAI_TEST_TOOLS
shift 2

failed=()
for script in "$here"/*_bench.py; do
  name=$(basename "$script" _bench.py)
  case " $* " in "  " | *" $name "*) ;; *) continue ;; esac
  printf '== %s\n' "$name"
  "$EAI_TEST_TOOLS/venv/bin/python" "$script" || failed+=("$name")
done
[ ${#failed[@]} -eq 0 ] || { echo "bars missed by: ${failed[*]}"; exit 1; }

#!/usr/bin/env bash
# The layout of every source is what .clang-format says; `make format` brings it there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
git ls-files -z '*.h' '*.cc' | xargs -0 clang-format-14 --dry-run -Werror

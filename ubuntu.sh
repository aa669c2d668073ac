#!/usr/bin/env bash
# Sets eai up on Debian 12, Ubuntu 24.04 and newer: packages, engines, the program. Run again without harm.
# The program is then build/release/bin/eai; `make install` puts it under /usr/local.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=setup/common.sh
. setup/common.sh

setup/packages.sh build
set_up

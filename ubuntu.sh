#!/usr/bin/env bash
# Sets up eai on Debian 12, Ubuntu 24.04 and newer: the packages, the engines and the program. It can be run again at
# any time. The program is then build/release/bin/eai; `make install` installs it under /usr/local.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=setup/common.sh
. setup/common.sh

setup/packages.sh build
set_up

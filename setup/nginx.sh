#!/usr/bin/env bash
# Prints the path of an nginx, which the measurements need as a rival. If this machine has none, the system's package is
# unpacked into a folder rather than installed, because an installed one would start a server. A second call finds what
# the first one made.
#
#   EAI_NGINX=<file>   an nginx of your own to use instead
#   XDG_CACHE_HOME     nginx is kept in $XDG_CACHE_HOME/eai/peers (default ~/.cache)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=setup/common.sh
. "$here/common.sh"

use_given EAI_NGINX
for known in $(command -v nginx || true) /usr/sbin/nginx; do use_if_there "$known"; done

home=$(peers_home)/nginx
use_if_there "$home/usr/sbin/nginx"
command -v apt-get >/dev/null || die "the measurements need nginx; install it, or name one with EAI_NGINX=<file>"
one_builder "$home"
use_if_there "$home/usr/sbin/nginx"

work_beside "$home"
say "nginx: unpacking the system's package"
(cd "$work" && apt-get -qq -o APT::Sandbox::User=root download nginx >&2) ||
  die "the package nginx could not be downloaded; try: apt-get update"
dpkg-deb --extract "$work"/nginx_*.deb "$work/home"
"$work/home/usr/sbin/nginx" -v 2>/dev/null ||
  die "the nginx of the system's package does not run when it is only unpacked; install the package"
rm -rf "$home"
mv "$work/home" "$home"  # all or nothing
echo "$home/usr/sbin/nginx"

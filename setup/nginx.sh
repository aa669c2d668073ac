#!/usr/bin/env bash
# Prints the path of an nginx, which the measurements need as a rival. Without one on this machine, the system's package is
# unpacked into a folder and not installed: an installed one would start a server. A second call finds what the first one made.
#
#   EAI_NGINX=<file>   an own nginx to use instead
#   XDG_CACHE_HOME     it is kept in $XDG_CACHE_HOME/eai/peers (default ~/.cache)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=setup/common.sh
. "$here/common.sh"

if [ -n "${EAI_NGINX:-}" ]; then
  [ -x "$EAI_NGINX" ] || die "EAI_NGINX=$EAI_NGINX is not a program"
  echo "$EAI_NGINX"
  exit 0
fi
for known in $(command -v nginx || true) /usr/sbin/nginx; do
  if [ -x "$known" ]; then echo "$known"; exit 0; fi
done

peers=$(dirname "$(engines_home)")/peers
home=$peers/nginx
if [ ! -x "$home/usr/sbin/nginx" ]; then
  command -v apt-get >/dev/null || die "the measurements need nginx; install it, or name one: EAI_NGINX=<file>"
  mkdir -p "$peers"
  work=$(mktemp -d "$peers/build.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  say "nginx: unpacking the system's package"
  (cd "$work" && apt-get -qq -o APT::Sandbox::User=root download nginx >&2) || die "the package nginx could not be downloaded; try: apt-get update"
  dpkg-deb --extract "$work"/nginx_*.deb "$work/home"
  "$work/home/usr/sbin/nginx" -v 2>/dev/null || die "the nginx of the system's package does not run here; install it whole"
  rm -rf "$home"
  mv "$work/home" "$home"
fi
echo "$home/usr/sbin/nginx"

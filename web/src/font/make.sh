#!/usr/bin/env bash
# Makes math.woff2 again: what formulas need of Debian's STIX Math (packages fonts-stix, fonttools, python3-brotli), under
# another name, as its licence (OFL.txt) asks for.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
pyftsubset /usr/share/fonts/opentype/stix-word/STIXMath-Regular.otf --output-file="$here/math.woff2" --flavor=woff2 \
  --layout-features='ssty,dtls,flac,mark,ccmp,rtlm' --no-hinting --notdef-outline --drop-tables+=FFTM --name-IDs='' \
  --unicodes="U+20-7E,U+A0,U+AC,U+B1,U+B7,U+D7,U+F7,U+131,U+237,U+300-338,U+391-3F5,U+2010-2044,U+2057,U+20D0-20EF,U+2100-214F,\
U+2190-21D5,U+21DA-21F6,U+2200-22F1,U+2308-230B,U+2320-2321,U+239B-23B9,U+23DC-23E1,U+25A1,U+25B3,U+25CB,U+2605,U+27C2,\
U+27E6-27EB,U+27F5-27FF,U+2A00-2A06,U+2A7D-2A7E,U+2AAF-2AB0,U+1D434-1D467,U+1D49C-1D4CF,U+1D538-1D56B,U+1D6A4-1D6A5,U+1D6A8-1D71B,\
U+1D400-1D433,U+1D7CE-1D7D7"

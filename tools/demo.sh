#!/usr/bin/env bash
# tools/demo.sh <build folder>: shows the main job step by step on the models that ship with the program. It connects
# only to its own server on 127.0.0.1, and keeps everything in a temporary folder that it removes at the end.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${1:?usage: tools/demo.sh <build folder>}" && pwd)
eai=$build/bin/eai
picture=$here/../demo/red-circle.png

home=$(mktemp -d "${TMPDIR:-/tmp}/eai-demo.XXXXXX")
export EAI_HOME=$home EAI_OFFLINE=true
clean() {
  "$eai" model stop >/dev/null 2>&1 || true
  rm -rf "$home"
}
trap clean EXIT

step() { printf '\n\033[1m%s\033[0m\n' "$*"; }
if [ ! -t 1 ]; then step() { printf '\n%s\n' "$*"; }; fi

# ask <path> <JSON>: writes the body of the answer to stdout and its headers to $home/headers.
ask() {
  curl -sS --fail-with-body --noproxy '*' --max-time 300 -D "$home/headers" -H 'Content-Type: application/json' \
    -d "$2" "$url$1"
}
who() { tr '[:upper:]' '[:lower:]' <"$home/headers" | sed -n 's/^x-eai-model: *\([a-z0-9]*\).*/\1/p'; }
# expect <text> <word>: ends the demo with an error if the text does not contain the word.
expect() {
  case $1 in
    *"$2"*) ;;
    *) printf 'error: the answer should name %s\n' "$2" >&2; exit 1 ;;
  esac
}
chat_request() { jq -cn --argjson content "$1" '{messages: [{role: "user", content: $content}], temperature: 0}'; }

step "1. A name becomes a content identifier; every byte is checked against it, then unpacked"
# bring <name>: downloads the model and sets `hash`. If that fails, there is no event "done" to read, and the demo ends
# after the error.
bring() {
  read -r hash bytes < <("$eai" model download "$1" --json | jq -r 'select(.event == "done") | "\(.hash) \(.bytes)"')
  printf '  %-15s %s  (%s bytes verified)\n' "$1" "$hash" "$bytes"
}
bring eai-demo
chat=$hash
bring eai-demo-embed
embed=$hash

step "2. The server starts"
url=$("$eai" model run eai-demo,eai-demo-embed --port 0 --json | jq -r 'select(.url) | .url' | tail -n 1)
url=${url%/}
echo "  $url/v1"

step "3. A question"
question='What is the capital of France?'
answer=$(ask /v1/chat/completions "$(chat_request "$(jq -cn --arg q "$question" '$q')")" | jq -r '.choices[0].message.content')
printf '  you: %s\n  eai: %s\n       (answered by %s)\n' "$question" "$answer" "$(who)"
expect "$answer" Paris
expect "$(who)" "$chat"

step "4. A picture"
content=$(jq -cn --arg data "$(base64 <"$picture" | tr -d '\n')" '[
  {type: "text", text: "What do you see in this image?"},
  {type: "image_url", image_url: {url: ("data:image/png;base64," + $data)}}]')
answer=$(ask /v1/chat/completions "$(chat_request "$content")" | jq -r '.choices[0].message.content')
printf '  you: What do you see in this image? (%s)\n  eai: %s\n' "demo/${picture##*/}" "$answer"
expect "$answer" "red circle"

step "5. Meaning as numbers, by the second model"
texts='["How do I run a model?", "Which command starts a model?", "What is the capital of France?"]'
near=$(ask /v1/embeddings "$(jq -cn --argjson input "$texts" '{input: $input}')" | jq -c '
  def dot(a; b): [a, b] | transpose | map(.[0] * .[1]) | add;
  [.data[].embedding] | [dot(.[0]; .[1]), dot(.[0]; .[2])] | map(. * 1000 | round / 1000)')
jq -rn --argjson t "$texts" --argjson n "$near" '"  \($t[0])\n  \($n[0])  \($t[1])\n  \($n[1])  \($t[2])"'
expect "$(jq -n --argjson n "$near" '$n[0] > $n[1]')" true
expect "$(who)" "$embed"

step "6. The server stops"
"$eai" model stop

step "7. A picture from words, by a third model"
drawn=$("$eai" image "a red circle on a white background" --model eai-demo-image --port 0 --seed 1 -q --force \
  -o "$build/a-red-circle.png")
echo "  you: a red circle on a white background"
echo "  eai: $drawn"

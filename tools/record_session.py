#!/usr/bin/env python3
"""tools/record_session.py <build folder> <file.svg>: runs a short session of eai in a terminal (tmux), with the models
that come with it and without a network, and draws what was on the screen. The picture needs no fonts and no scripts,
follows the reader's choice of light or dark, and shows line after line unless motion is not wanted. Rates and times,
which are another each time, are not drawn."""
import html
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

COLUMNS, ROWS = 92, 40
PATIENCE = 60  # seconds until a step counts as failed
WIDTH, HEIGHT, EDGE = 8.4, 20, 16  # of a letter, of a line, and around all, in pixels
SHOWN_LINE_AFTER = 0.35  # seconds
# (what is typed, what the screen shows last when it is done)
SESSION = [
    ("eai run eai-demo", ">>>"),
    ("What is the capital of France?", ">>>"),
    ("/bye", "$"),
    ("eai ls", "$"),
    ("eai model check eai-demo", "$"),
    ("eai stop", "$"),
]
VARYING = [(re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:8080"),
           (re.compile(r"[\d.]+ tokens/s"), "… tokens/s"),
           (re.compile(r"\b[\d.]+ (s|ms) ago\b"), lambda match: "now".ljust(len(match[0])))]
COLOURS = {31: "r", 32: "g", 33: "y", 34: "b", 35: "m", 36: "c", 90: "d"}
STYLE = """
svg{--p:#fff;--t:#1f2328;--e:#d0d7de;--d:#59636e;--r:#c21c28;--g:#116b2b;--y:#7d4e00;--b:#0550ae;--m:#7a3fc4;--c:#0b6170}
@media(prefers-color-scheme:dark){svg{--p:#0d1117;--t:#e6edf3;--e:#30363d;--d:#9198a1;--r:#ff8078;--g:#56d364;--y:#e3b341;\
--b:#79c0ff;--m:#d2a8ff;--c:#76e3ea}}
rect{fill:var(--p);stroke:var(--e)}
text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;fill:var(--t);white-space:pre}
.w{font-weight:bold}.d{fill:var(--d)}.r{fill:var(--r)}.g{fill:var(--g)}.y{fill:var(--y)}.b{fill:var(--b)}.m{fill:var(--m)}.c{fill:var(--c)}
@media(prefers-reduced-motion:no-preference){text{animation:s .01s both}@keyframes s{from{opacity:0}}}
"""


class Terminal:
    """A shell in tmux, in a home of its own."""

    def __init__(self, program, folder):
        self.folder = folder
        environment = {"PATH": f"{program.parent}:/usr/bin:/bin", "HOME": str(folder), "EAI_HOME": str(folder / "eai"),
                       "EAI_OFFLINE": "true", "EAI_PORT": "0", "LC_ALL": "C.UTF-8", "TERM": "screen-256color", "PS1": "$ ",
                       "HISTFILE": "/dev/null"}
        words = [f"{name}={value}" for name, value in environment.items()]
        self.tmux("-u", "-f", "/dev/null", "new-session", "-d", "-x", COLUMNS, "-y", ROWS, "-c", folder,
                  shlex.join(["env", "-i", *words, "bash", "--norc", "--noprofile"]))
        self.wait("$")

    def tmux(self, *words):
        return subprocess.run(["tmux", "-S", self.folder / "tmux", *map(str, words)], check=True, text=True, timeout=PATIENCE,
                              stdout=subprocess.PIPE, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(self.folder)}).stdout

    def screen(self, *words):
        return self.tmux("capture-pane", "-p", "-S", "-", *words)

    def wait(self, last):
        end = time.monotonic() + PATIENCE
        while not self.screen().rstrip().endswith(("\n" + last) if "\n" in self.screen().strip() else last):
            if time.monotonic() > end:
                raise SystemExit(f"error: {last!r} did not come; the screen is\n{self.screen()}")
            time.sleep(0.05)

    def say(self, text, then):
        before = self.screen()
        self.tmux("send-keys", "-l", "--", text)
        self.tmux("send-keys", "Enter")
        end = time.monotonic() + PATIENCE
        while self.screen() == before and time.monotonic() < end:
            time.sleep(0.05)
        self.wait(then)


def pieces(line):
    """[(classes, text)] of a line with escape sequences."""
    classes, result = set(), []
    for part in re.split(r"(\x1b\[[\d;]*m)", line):
        if not part.startswith("\x1b"):
            if part:
                result.append((" ".join(sorted(classes)), part))
            continue
        for number in [int(n or 0) for n in part[2:-1].split(";")]:
            if number == 0:
                classes = set()
            elif number == 1:
                classes.add("w")
            elif number == 2:
                classes.add("d")
            elif number == 22:
                classes -= {"w", "d"}
            elif number == 39:
                classes -= set(COLOURS.values()) - {"d"}
            elif number in COLOURS:
                classes = classes & {"w"} | {COLOURS[number]}
    return result


def svg(lines):
    width, height = round(COLUMNS * WIDTH + 2 * EDGE), len(lines) * HEIGHT + 2 * EDGE
    text = " ".join(re.sub(r"\x1b\[[\d;]*m", "", line).strip() for line in lines)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">',
           f"<title>A session of eai in a terminal</title><desc>{html.escape(text)}</desc><style>{STYLE.strip()}</style>",
           f'<rect x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="8"/>']
    for number, line in enumerate(lines):
        spans = "".join(f'<tspan class="{c}">{html.escape(t, quote=False)}</tspan>' if c else html.escape(t, quote=False)
                        for c, t in pieces(line))
        if spans:
            out.append(f'<text x="{EDGE}" y="{EDGE + HEIGHT * number + 15}" xml:space="preserve" '
                       f'style="animation-delay:{number * SHOWN_LINE_AFTER:.2f}s">{spans}</text>')
    return "\n".join(out) + "\n</svg>\n"


def main():
    if len(sys.argv) != 3:
        raise SystemExit("usage: tools/record_session.py <build folder> <file.svg>")
    program, target = pathlib.Path(sys.argv[1]).resolve() / "bin/eai", pathlib.Path(sys.argv[2])
    if not os.access(program, os.X_OK):
        raise SystemExit(f"error: {program} cannot be run; build it with `make build`")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="eai-session-"))
    terminal = None
    try:
        terminal = Terminal(program, folder)
        for text, then in SESSION:
            terminal.say(text, then)
        lines = terminal.screen("-e").rstrip().splitlines()[:-1]  # the last one is an empty prompt
    finally:
        if terminal:
            terminal.tmux("kill-server")
        subprocess.run([program, "stop", "-q"], env={"EAI_HOME": str(folder / "eai")}, stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(folder, ignore_errors=True)  # tmux may still be removing its socket
    for pattern, text in VARYING:
        lines = [pattern.sub(text, line) for line in lines]
    target.write_text(svg([line.rstrip() for line in lines]))


if __name__ == "__main__":
    main()

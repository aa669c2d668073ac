"""Real peers for tests: kubo nodes that talk only to us, and stand-ins for services on top of them."""
import base64
import json
import os
import pathlib
import select
import subprocess
import sys
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]


def kubo_program():
    return subprocess.run([ROOT / "setup/kubo.sh"], check=True, capture_output=True, text=True).stdout.strip()


class Kubo:
    """A private node on loopback, without bootstrap and routing, with RPC and gateway on free ports. With `swarm`,
    other nodes can fetch from it. `trustless`: its gateway gives single blocks and no files."""

    def __init__(self, folder, swarm=False, trustless=False):
        self.folder = folder
        self.program = kubo_program()
        self.environment = {**os.environ, "IPFS_PATH": str(folder)}
        self.run("init", "--profile=test")
        for key, value in {"Addresses.API": '"/ip4/127.0.0.1/tcp/0"', "Addresses.Gateway": '"/ip4/127.0.0.1/tcp/0"',
                           "Addresses.Swarm": '["/ip4/127.0.0.1/tcp/0"]' if swarm else "[]", "Bootstrap": "[]", "Routing.Type": '"none"',
                           "Gateway.DeserializedResponses": json.dumps(not trustless)}.items():
            self.run("config", "--json", key, value)
        self.process = subprocess.Popen([self.program, "daemon"], env=self.environment, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if "Daemon is ready" in line:
                break
        else:
            raise RuntimeError("kubo did not start:\n" + "".join(lines))
        self.api = "http://127.0.0.1:" + (folder / "api").read_text().strip().rsplit("/", 1)[1]
        self.gateway = (folder / "gateway").read_text().strip()

    def run(self, *words):
        return subprocess.run([self.program, *words], env=self.environment, check=True, capture_output=True, text=True).stdout

    def output(self, *words):
        """The bytes that it writes."""
        return subprocess.run([self.program, *words], env=self.environment, check=True, capture_output=True).stdout

    def rpc(self, path):
        with urllib.request.urlopen(urllib.request.Request(f"{self.api}/api/v0/{path}", b"")) as reply:
            return reply.read()

    def get(self, cid):
        """The content of a file or block, by RPC because not every gateway gives files."""
        return self.rpc(f"cat?arg={cid}")

    def add(self, data):
        """Its CID, as one raw block."""
        done = subprocess.run([self.program, "block", "put", "--cid-codec=raw"], env=self.environment, check=True,
                              capture_output=True, input=data)
        return done.stdout.decode().strip()

    def has(self, cid):
        """Whether all of `cid` is in this node, without asking others."""
        try:
            self.rpc(f"dag/stat?offline=true&progress=false&arg={cid}")
            return True
        except urllib.error.HTTPError:
            return False

    def pins(self):
        return set(json.loads(self.rpc("pin/ls?type=recursive"))["Keys"])

    def block_file(self, cid):
        """Where the node keeps a block (flatfs, named by the multihash in base32)."""
        multihash = base64.b32decode(cid[1:].upper() + "=" * (-len(cid[1:]) % 8))[2:]
        name = base64.b32encode(multihash).decode().rstrip("=")
        return self.folder / "blocks" / name[-3:-1] / f"{name}.data"

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


class StandIn:
    """A service of tests/fakes that takes orders and reports what it was asked (service.py)."""

    def __init__(self, script, *options):
        self.process = subprocess.Popen([sys.executable, ROOT / "tests/fakes" / script, *options], stdout=subprocess.PIPE, text=True)
        assert select.select([self.process.stdout], [], [], 30)[0], f"{script} did not start"
        self.url = json.loads(self.process.stdout.readline())["url"]

    def ask(self, path, body=None):
        with urllib.request.urlopen(urllib.request.Request(self.url + path, body)) as reply:
            return json.load(reply)

    def control(self, **order):
        """Orders that are not named go back to their defaults."""
        self.ask("/control", json.dumps(order).encode())

    def wait_held(self, count=1):
        """Waits until so many requests are held back as ordered."""
        self.ask(f"/held/{count}")

    def wait_answered(self, status):
        """Waits until a request has been answered with this status."""
        self.ask(f"/answered/{status}")

    def requests(self):
        return self.ask("/requests")

    def stop(self):
        self.process.kill()
        self.process.wait()


class Lighthouse(StandIn):
    KEY = "secret-key-of-the-tests"

    def __init__(self, kubo, *options):
        super().__init__("lighthouse.py", "--kubo", kubo.api, "--key", self.KEY, *options)
        self.environment = {"LIGHTHOUSE_API_KEY": self.KEY, "EAI_LIGHTHOUSE_UPLOAD": self.url, "EAI_LIGHTHOUSE_API": self.url,
                            "EAI_LIGHTHOUSE_GATEWAY": self.url}

    def log(self):
        return self.ask("/log")

    def names(self):
        return [upload["name"] for upload in self.log()]


class KuboBetween(StandIn):
    def __init__(self, kubo):
        super().__init__("kubo_between.py", "--kubo", kubo.api)
        self.home = f"kubo:{self.url}"


class PinningService(StandIn):
    TOKEN = "secret-token-of-the-tests"

    def __init__(self, kubo):
        """`kubo`: the service's own node, which fetches."""
        super().__init__("pinning_service.py", "--kubo", kubo.api, "--token", self.TOKEN)
        self.home = f"pinning:{self.url}"
        self.environment = {"EAI_PINNING_KEY": self.TOKEN}

    def asked(self, method):
        """The paths of these requests."""
        return [r["path"] for r in self.requests() if r["method"] == method]

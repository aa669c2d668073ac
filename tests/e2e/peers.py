"""Real peers for tests: a kubo node that talks to nobody but us, and the stand-in for Lighthouse on top of it."""
import json
import os
import pathlib
import select
import subprocess
import sys
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]


def kubo_program():
    return subprocess.run([ROOT / "setup/kubo.sh"], check=True, capture_output=True, text=True).stdout.strip()


class Kubo:
    """Private, on loopback: no swarm, no bootstrap, no routing; RPC and gateway on free ports."""

    def __init__(self, folder):
        self.program = kubo_program()
        self.environment = {**os.environ, "IPFS_PATH": str(folder)}
        self.run("init", "--profile=test")
        for key, value in {"Addresses.API": '"/ip4/127.0.0.1/tcp/0"', "Addresses.Gateway": '"/ip4/127.0.0.1/tcp/0"',
                           "Addresses.Swarm": "[]", "Bootstrap": "[]", "Routing.Type": '"none"'}.items():
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

    def rpc(self, path):
        with urllib.request.urlopen(urllib.request.Request(f"{self.api}/api/v0/{path}", b"")) as reply:
            return reply.read()

    def get(self, cid):
        with urllib.request.urlopen(f"{self.gateway}/ipfs/{cid}") as reply:
            return reply.read()

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


class Lighthouse:
    KEY = "secret-key-of-the-tests"

    def __init__(self, kubo, *options):
        self.process = subprocess.Popen([sys.executable, ROOT / "tests/fakes/lighthouse.py", "--kubo", kubo.api, "--key",
                                         self.KEY, *options], stdout=subprocess.PIPE, text=True)
        assert select.select([self.process.stdout], [], [], 30)[0], "the stand-in for Lighthouse did not start"
        self.url = json.loads(self.process.stdout.readline())["url"]
        self.environment = {"LIGHTHOUSE_API_KEY": self.KEY, "EAI_LIGHTHOUSE_UPLOAD": self.url, "EAI_LIGHTHOUSE_API": self.url}

    def control(self, **order):
        urllib.request.urlopen(urllib.request.Request(self.url + "/control", json.dumps(order).encode())).read()

    def log(self):
        with urllib.request.urlopen(self.url + "/log") as reply:
            return json.load(reply)

    def stop(self):
        self.process.kill()
        self.process.wait()

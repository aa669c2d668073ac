"""docs/cluster.md: its commands, as they are written there, make three machines keep the same model."""
import json
import os
import re
import secrets
import socket
import subprocess
import urllib.request

import pytest

from cluster import WAIT, Peer, cluster_programs
from conftest import BUILD
from peers import ROOT, Kubo
from preserve_world import World

# What Peer does, because every machine of the test needs ports of its own.
DONE_ALREADY = {"ipfs daemon &", "ipfs-cluster-service init --consensus crdt", "ipfs-cluster-service daemon &"}


def commands():
    """{heading: its commands}"""
    text = (ROOT / "docs/cluster.md").read_text()
    return {section.split("\n")[0]: "\n".join(re.findall(r"```bash\n(.*?)```", section, re.S)).replace("\\\n", " ").splitlines()
            for section in text.split("\n## ")[1:]}


class Machine:
    """Runs commands of the page. `says`: what they have to say in place of the page's names and ports."""

    def __init__(self, folder, environment, says):
        self.environment = {"PATH": f"{cluster_programs()}:{BUILD / 'bin'}:{os.environ['PATH']}", "HOME": str(folder), **environment}
        self.folder, self.says, self.running = folder, says, []
        folder.mkdir(exist_ok=True)

    def run(self, heading):
        """What the commands below a heading print; those that end with & go on running."""
        lines = [line for line in commands()[heading] if line not in DONE_ALREADY]
        for old, new in self.says.items():
            lines = [line.replace(old, new) for line in lines]
        assert lines and not [line for line in lines if "shelf.lan" in line or "~" in line]
        script = "\n".join(line for line in lines if not line.endswith("&"))
        inside = next((line[3:] for line in lines if line.startswith("cd ")), self.folder)
        done = subprocess.run(["bash", "-euc", script], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=WAIT)
        assert done.returncode == 0, done.stderr
        for line in lines:
            if line.endswith(" &"):
                log = open(self.folder / "log", "a")
                self.running.append(subprocess.Popen(["bash", "-c", "exec " + line[:-2]], cwd=inside, env=self.environment, stdout=log, stderr=log))
        return done.stdout

    def stop(self):
        for process in self.running:
            process.kill()
            process.wait()


@pytest.fixture
def stopping():
    made = []
    yield made
    for one in reversed(made):
        one.stop()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def test_the_commands_of_the_page(tmp_path, stopping):
    publisher = Peer(tmp_path / "shelf", "shelf", secrets.token_hex(32))
    stopping.append(publisher)
    web = str(free_port())
    says = {"cd ~/.ipfs-cluster": f"cd {tmp_path}/shelf/cluster", "/dns4/shelf.lan/tcp/9096": publisher.address.split("/p2p/")[0],
            "shelf.lan:8000": f"127.0.0.1:{web}", "http.server 8000": f"http.server --bind 127.0.0.1 {web}"}
    shelf = Machine(tmp_path / "at-shelf", {"EAI_CLUSTER_API": publisher.url}, says)
    stopping.append(shelf)
    publisher.kill()
    shelf.run("On the machine that publishes")
    publisher.start()
    template = tmp_path / "shelf/cluster/shared/follower.json"
    assert json.loads(template.read_text())["cluster"]["peer_addresses"] == [publisher.address]

    followers = []
    for name in ("desk", "sofa"):
        node = Kubo(tmp_path / f"{name}-kubo", swarm=True)
        stopping.append(node)
        machine = Machine(tmp_path / name, {"CLUSTER_IPFSHTTP_NODEMULTIADDRESS": "/ip4/127.0.0.1/tcp/" + node.api.rsplit(":", 1)[1],
                                            "CLUSTER_LISTENMULTIADDRESS": "/ip4/127.0.0.1/tcp/0", "CLUSTER_PEERNAME": name},
                          {**says, "127.0.0.1:8080": node.gateway.removeprefix("http://")})
        stopping.append(machine)
        publisher.wait_until(lambda: urllib.request.urlopen(f"http://127.0.0.1:{web}/follower.json"))
        machine.run("On each machine that follows")
        followers.append((machine, node))
    publisher.sees(3)

    world = World(shelf.folder)
    _, data = world.model("my-model", seed=41)
    told = shelf.run("Publish a model")
    assert "good  my-model at cluster  2 pieces at 3 of 3 peers" in told
    assert all(f"      {name}  2 of 2 pieces" in told for name in ("desk", "shelf", "sofa"))
    found = next(line for line in told.splitlines() if line.startswith("baf") and " " not in line)
    for machine, node in followers:
        assert found in node.pins()
        machine.says["<hash>"] = found
        machine.run("Use it")
        assert (machine.folder / ".local/share/eai/models" / found / "model.gguf").read_bytes() == data

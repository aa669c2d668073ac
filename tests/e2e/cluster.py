"""IPFS Cluster for tests: real peers on loopback, each with a kubo node of its own."""
import json
import os
import pathlib
import secrets
import select
import subprocess
import urllib.error
import urllib.request

from peers import ROOT, Kubo, StandIn

WAIT = 60


def cluster_programs():
    """The folder of ipfs-cluster-service, ipfs-cluster-follow and ipfs-cluster-ctl."""
    return pathlib.Path(subprocess.run([ROOT / "setup/cluster.sh"], check=True, capture_output=True, text=True).stdout.strip())


def eager(config):
    """Lets a configuration do every second or so what it does every minute else, on loopback alone."""
    config["cluster"] |= {"monitor_ping_interval": "2s", "peer_watch_interval": "1s", "mdns_interval": "0s", "dial_peer_timeout": "1s",
                          "state_sync_interval": "2s"}
    config["cluster"]["pubsub"]["heartbeat_interval"] = "500ms"
    config["consensus"]["crdt"]["repair_interval"] = "5s"
    config["ipfs_connector"]["ipfshttp"]["connect_swarms_delay"] = "1s"
    config["monitor"]["pubsubmon"]["check_interval"] = "1s"
    for informer in config["informer"].values():
        informer["metric_ttl"] = "5s"  # the machine may be busy with other tests


def on_loopback(addresses):
    return ["/ip4/127.0.0.1" + address[address.index("/tcp/"):] for address in addresses if "/tcp/" in address]


class Peer:
    def __init__(self, folder, name, secret, first=None, login=None):
        """`first`: a peer that it joins. `login`: the user and password that its API wants."""
        self.folder, self.name, self.first, self.login = folder, name, first, login
        folder.mkdir(parents=True)
        self.kubo = Kubo(folder / "kubo", swarm=True)
        self.command = [cluster_programs() / "ipfs-cluster-service", "--config", folder / "cluster"]
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "CLUSTER_SECRET": secret}
        subprocess.run([*self.command, "init", "--consensus=crdt", "--datastore=leveldb", "--randomports"], check=True,
                       env=self.environment, capture_output=True)
        file = folder / "cluster/service.json"
        config = json.loads(file.read_text())
        eager(config)
        listens = on_loopback(config["cluster"]["listen_multiaddress"])
        config["cluster"] |= {"peername": name, "listen_multiaddress": listens}
        rest = config["api"]["restapi"] | {"basic_auth_credentials": dict([login]) if login else None}
        config["api"] = {"restapi": rest}
        config["ipfs_connector"]["ipfshttp"]["node_multiaddress"] = "/ip4/127.0.0.1/tcp/" + self.kubo.api.rsplit(":", 1)[1]
        file.write_text(json.dumps(config))
        self.url = "http://127.0.0.1:" + rest["http_listen_multiaddress"].rsplit("/", 1)[1]
        self.home = f"cluster:{self.url}"
        self.id = json.loads((folder / "cluster/identity.json").read_text())["id"]
        self.address = f"{listens[0]}/p2p/{self.id}"
        self.start()

    def start(self, known=()):
        """`known`: peers that it connects to, besides the first one."""
        (self.folder / "cluster/peerstore").write_text("".join(f"{peer.address}\n" for peer in known if peer is not self))
        joins = ["--bootstrap", self.first.address] if self.first else []
        with open(self.folder / "log", "a") as log:
            self.process = subprocess.Popen([*self.command, "daemon", *joins], env=self.environment, stdout=log, stderr=log)

    def ask(self, path, method="GET"):
        """The lines of the answer."""
        with urllib.request.urlopen(urllib.request.Request(self.url + path, method=method)) as reply:
            return [json.loads(line) for line in reply.read().splitlines()]

    def wait_until(self, holds):
        """Looks again and again, and fails if the peer ends meanwhile."""
        pid = os.pidfd_open(self.process.pid)
        try:
            for _ in range(WAIT * 20):
                try:
                    if holds():
                        return
                except (urllib.error.URLError, ConnectionError):
                    pass  # it has only begun
                assert not select.select([pid], [], [], 0.05)[0], (self.folder / "log").read_text()[-2000:]
            raise AssertionError("it does not come to that: " + (self.folder / "log").read_text()[-2000:])
        finally:
            os.close(pid)

    def sees(self, count):
        """Waits until it could place a pin on exactly so many peers."""
        def placeable():
            metrics = self.ask("/monitor/metrics/freespace")[0] or []
            return sum(metric["valid"] for metric in metrics) == count == len(self.ask("/peers"))
        self.wait_until(placeable)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.kill()
        self.kubo.stop()

    def restart(self, known):
        """With its node, which has come back at other ports."""
        self.kill()
        file = self.folder / "cluster/service.json"
        config = json.loads(file.read_text())
        config["ipfs_connector"]["ipfshttp"]["node_multiaddress"] = "/ip4/127.0.0.1/tcp/" + self.kubo.api.rsplit(":", 1)[1]
        file.write_text(json.dumps(config))
        self.start(known)


class Cluster:
    """Three peers; the API of the last one wants a login. Pins that do not say so are on all peers."""

    LOGIN = ("publisher", "a secret: of the tests")

    def __init__(self, folder, count=3):
        self.secret, self.peers = secrets.token_hex(32), []
        try:
            for i in range(count):
                self.peers.append(Peer(folder / f"c{i}", f"c{i}", self.secret, self.peers[0] if self.peers else None,
                                       self.LOGIN if i == 2 else None))
            self.peers[0].sees(count)
        except BaseException:
            self.stop()
            raise

    def __getitem__(self, i):
        return self.peers[i]

    def holders(self, cids):
        """The names of the peers whose nodes have pinned all of these."""
        return [peer.name for peer in self.peers if set(cids) <= peer.kubo.pins()]

    def stop(self):
        for peer in self.peers:
            peer.stop()


class ClusterBetween(StandIn):
    def __init__(self, peer):
        super().__init__("cluster_between.py", "--cluster", peer.url)
        self.home = f"cluster:{self.url}"

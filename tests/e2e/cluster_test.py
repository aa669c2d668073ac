"""`eai model preserve --to cluster` and `audit --home cluster` on a real IPFS Cluster of three peers, with what its API
may say besides that is hard to bring about."""
import json
import signal

import pytest

from cluster import Cluster, ClusterBetween
from conftest import Eai
from peers import Lighthouse
from preserve_world import PARTS, kubo, lighthouse, unpack, world  # noqa: F401

# Each test has a model of another seed, because a cluster leaves what it has where it is.
TWO = ("--replicas", 2)
HELD_PART = "on.zip.part-ac-0.car"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    peers = Cluster(tmp_path_factory.mktemp("cluster"))
    yield peers
    peers.stop()


@pytest.fixture
def between(cluster):
    proxy = ClusterBetween(cluster[0])
    yield proxy
    proxy.stop()


def cids_of(world, done):
    metadata = world.metadata(done["name"])
    trees = [metadata["trees"]["cid"]] if "trees" in metadata else []
    return {done["hash"], *trees, *(file["cid"] for file in done["files"])}


def audit(world, found, home, status=0, environment=None):
    done = world.run("audit", found, "--home", home, "--json", environment=environment)
    assert done.returncode == status, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def download(tmp_path, found, name, peer):
    """The model's file, as another machine gets it from the gateway of a peer's node."""
    eai = Eai(tmp_path / "another")
    eai.home.mkdir(parents=True)
    eai("model", "download", found, "--gateway", peer.kubo.gateway, "--no-public-gateways")
    return (eai.stored(name) / "model.gguf").read_bytes()


# ---- what it is for

@pytest.mark.parametrize("form", ["archive", "unixfs"])
def test_two_peers_get_all_of_it(world, cluster, tmp_path, form):
    path, data = world.model(f"two-{form}", seed=1)
    done = world.preserve(path, *PARTS, "--format", form, "--to", cluster[0].home, *TWO)
    holders = cluster.holders(cids_of(world, done))
    assert len(holders) == 2 and done["failed"] == [] and not world.journals()
    # All pieces are at the same peers: the third one has none.
    third = next(peer for peer in cluster.peers if peer.name not in holders)
    assert not third.kubo.pins() & cids_of(world, done)
    told = audit(world, done["hash"], cluster[0].home)
    assert told["good"] and (told["replicas"], told["wanted"], told["pieces"]) == (2, 2, len(done["files"]) + 1)
    assert [(p["peer"], p["pieces"], p["of"], p["status"]) for p in told["peers"]] == [
        (name, told["pieces"], told["pieces"], "pinned") for name in holders]
    for name in holders:
        assert download(tmp_path / name, done["hash"], path.name, next(p for p in cluster.peers if p.name == name)) == data


def test_a_cluster_that_is_set_to_keep_it_everywhere(world, cluster):
    path, _ = world.model("everywhere", seed=2)
    done = world.preserve(path, "--to", cluster[0].home)
    assert cluster.holders(cids_of(world, done)) == ["c0", "c1", "c2"]
    told = audit(world, done["hash"], cluster[0].home)
    assert (told["replicas"], told["wanted"]) == (3, 3)


def test_what_was_said_before_stays_unless_something_else_is_said(world, cluster):
    path, _ = world.model("stays", seed=3)
    words = (path, "--format", "unixfs", "--to", cluster[0].home)
    found = world.hash(*words, *TWO)
    assert world.hash(*words) == found
    assert cluster[0].ask(f"/allocations/{found}")[0]["replication_factor_min"] == 2
    assert world.hash(*words, "--replicas", 1) == found
    assert audit(world, found, cluster[0].home)["wanted"] == 1
    assert world.hash(*words, "--replicas", 3) == found
    told = audit(world, found, cluster[0].home)
    assert (told["replicas"], told["wanted"]) == (3, 3)


def test_another_machine_sends_only_what_the_cluster_lacks(world, cluster, tmp_path):
    path, _ = world.model("lacks", seed=4)
    words = (path, "--format", "unixfs", "--to", cluster[0].home, *TWO)
    dry = world.preserve(*words, "--dry-run")
    assert dry["new_at"] == {cluster[0].home: dry["payload"]}
    assert cluster[0].ask(f"/pins/{dry['hash']}")[0]["allocations"] == []
    first = world.preserve(*words)
    assert first["sent"] > first["bytes"]
    other = {"EAI_HOME": str(tmp_path / "other")}
    assert world.preserve(*words, "--dry-run", environment=other)["new_at"] == {cluster[0].home: 0}
    again = world.preserve(*words, environment=other)
    assert again["hash"] == first["hash"] and again["sent"] < 10_000


def test_together_with_lighthouse_whose_way_of_cutting_it_can_follow(world, cluster, kubo):
    path, _ = world.model("both", seed=5)
    service = Lighthouse(kubo)
    try:
        done = world.preserve(path, *PARTS, "--to", "lighthouse", "--to", cluster[0].home, *TWO, environment=service.environment)
    finally:
        service.stop()
    assert done["profile"] == "kubo-v1" and done["failed"] == []
    assert len(cluster.holders(cids_of(world, done))) == 2 and kubo.has(done["hash"])


@pytest.mark.parametrize("form,held", [("archive", HELD_PART), ("archive", "on_metadata.json"),
                                       ("unixfs", "on_metadata.json")])
def test_killed_in_the_middle_it_goes_on_at_the_same_peers(world, cluster, between, form, held):
    path, _ = world.model("on", seed=60 + len(form + held))
    words = (path, *PARTS, "--format", form, "--to", between.home, *TWO)
    between.control(hold=[held])
    running = world.start("preserve", *words)
    between.wait_held()
    running.send_signal(signal.SIGKILL)
    running.communicate()
    places = [line["place"].split() for journal in world.journals() for line in map(json.loads, journal.read_text().splitlines())
              if "place" in line]
    assert len(places) == 1 and len(places[0]) == 2
    receipts, before = world.receipts(), len(between.requests())
    between.control()
    done = world.preserve(*words)
    again = [r["path"] for r in between.requests()[before:] if r["path"].startswith("/add") and r["status"] == 200]
    # Of unixfs the cluster says itself what it has; an archive's parts have receipts.
    assert (done["resumed"] > 0) == (form == "archive") and receipts and not world.journals()
    lacked = sum(file["bytes"] for file in done["files"] if file["cid"] not in receipts) if form == "archive" else 0
    assert lacked < done["sent"] < lacked + 10_000
    assert all("user-allocations=" + "%2C".join(places[0]) in path.replace(",", "%2C") for path in again)
    assert sorted(cluster.holders(cids_of(world, done))) == sorted(peer.name for peer in cluster.peers if peer.id in places[0])


# ---- what goes wrong

def test_more_replicas_than_peers(world, cluster):
    path, _ = world.model("four", seed=20)
    done = world.run("preserve", path, "--to", cluster[0].home, "--replicas", 4)
    assert done.returncode == 2 and "too few peers for 4 replicas: c0, c1, c2" in done.stderr and done.stdout == ""


def test_fewer_places_than_peers(world, between):
    """A peer may be there and still take no pins."""
    path, _ = world.model("places", seed=34)
    between.control(faults=["few"] * 9)
    done = world.run("preserve", path, "--to", between.home, *TWO)
    assert done.returncode == 2 and "not enough peers for so many replicas: 1 can take one" in done.stderr
    assert [r["status"] for r in between.requests() if r["method"] == "POST"] == [500], "asking again does not help"


def test_a_peer_that_is_killed(world, cluster, tmp_path):
    path, data = world.model("killed", seed=21)
    words = (path, "--format", "unixfs", "--to", cluster[0].home, *TWO)
    found = world.hash(*words)
    # The peer that answers is to live on.
    dead = next(peer for peer in cluster.peers[1:] if found in peer.kubo.pins())
    alive = next(peer for peer in cluster.peers if peer != dead and found in peer.kubo.pins())
    dead.kill()
    try:
        told = audit(world, found, cluster[0].home, status=5)
        assert not told["good"] and told["replicas"] == 1 and f"{dead.name} cannot be reached" in told["why"]
        assert {p["peer"]: (p["pieces"], p["holding"]) for p in told["peers"]} == {dead.name: (0, "away"), alive.name: (2, "has")}
        assert download(tmp_path, found, "killed", alive) == data
        # The same command finds another place for it.
        assert world.hash(*words) == found
        told = audit(world, found, cluster[0].home)
        assert told["replicas"] == 2 and dead.name not in [p["peer"] for p in told["peers"]]
        too_few = world.run("preserve", *words[:-1], 3)
        assert too_few.returncode == 2 and "too few peers for 3 replicas" in too_few.stderr
    finally:
        dead.start(cluster.peers)
        cluster[0].sees(3)


def test_a_peer_whose_node_is_gone(world, cluster):
    path, _ = world.model("node", seed=22)
    words = ("--to", cluster[0].home, "--replicas")
    cluster[1].kubo.stop()
    try:
        done = world.run("preserve", path, *words, 3)
        assert done.returncode == 2 and "c1, which fails: " in done.stderr and "connection refused" in done.stderr
        found = world.hash(path, *words, 1)
        assert [p["peer"] for p in audit(world, found, cluster[0].home)["peers"]] in (["c0"], ["c2"])
    finally:
        cluster[1].kubo.start()
        cluster[1].restart(cluster.peers)
        cluster[0].sees(3)


@pytest.mark.parametrize("status,words", [("pinning", "is pinning it"), ("pin_queued", "has it in its queue")])
def test_peers_that_are_slow(world, between, status, words):
    path, _ = world.model("slow", seed=23)
    between.control(status=status)
    command = (path, "--to", between.home, *TWO)
    done = world.run("preserve", *command, "--pin-timeout", 1)
    assert done.returncode == 6 and "is at 0 of 2 peers" in done.stderr and words in done.stderr and "asks it again" in done.stderr
    between.control()
    before = len(between.requests())
    world.hash(*command)
    assert not [r for r in between.requests()[before:] if r["path"].startswith("/add") or r["method"] == "POST"]


def test_a_pin_that_fails(world, between):
    path, _ = world.model("fails", seed=24)
    between.control(status="pin_error", error="the disk of the node is full\nsecond line")
    done = world.run("preserve", path, "--to", between.home, *TWO, "--pin-timeout", 1)
    assert done.returncode == 6 and "does not have it: pin_error (the disk of the node is full)" in done.stderr
    assert "second line" not in done.stderr
    # It was asked for again.
    assert len([r for r in between.requests() if r["method"] == "POST" and r["path"].startswith("/pins/")]) > 2


def test_a_pin_that_is_gone(world, between):
    path, _ = world.model("gone", seed=25)
    found = world.hash(path, "--to", between.home, *TWO)
    between.control(forgets=True)
    told = audit(world, found, between.home, status=3)
    assert not told["good"] and told["replicas"] == 0 and "is not in its list of pins" in told["why"]


def test_another_cid(world, between):
    path, _ = world.model("other", seed=26)
    between.control(other_cid=True)
    done = world.run("preserve", path, "--to", between.home)
    assert done.returncode == 4 and "instead of" in done.stderr


@pytest.mark.parametrize("faults", [["429", "500"], ["cut", "", "cut"]])
def test_trouble_that_passes(world, cluster, between, faults):
    path, _ = world.model("passes", seed=27 + len(faults))
    between.control(faults=faults)
    done = world.preserve(path, *PARTS, "--to", between.home, *TWO)
    assert len(cluster.holders(cids_of(world, done))) == 2


# ---- addresses and logins

def test_what_answers_is_no_cluster(world, cluster, between):
    path, _ = world.model("page", seed=30)
    between.control(page=True)
    for url in (between.url, cluster[0].kubo.api, cluster[0].kubo.gateway):
        done = world.run("preserve", path, "--to", f"cluster:{url}", "--max-retries", 0)
        assert done.returncode == 5 and "is not the REST API of an IPFS Cluster" in done.stderr, done.stderr
    nobody = world.run("preserve", path, "--to", "cluster:http://127.0.0.1:9", "--max-retries", 0)
    assert nobody.returncode == 5 and "does `ipfs-cluster-service daemon` run there?" in nobody.stderr
    found = world.hash(path, "--to", "car:page.car")
    told = audit(world, found, f"cluster:{between.url}", status=5)
    assert "is not the REST API of an IPFS Cluster" in told["why"]


def test_the_address_may_come_from_the_environment(world, cluster):
    path, _ = world.model("environment", seed=31)
    environment = {"EAI_CLUSTER_API": cluster[0].url + "/", "EAI_REPLICAS": "2"}
    found = world.hash(path, "--to", "cluster", environment=environment)
    assert len(cluster.holders([found])) == 2
    assert audit(world, found, "cluster", environment=environment)["wanted"] == 2


def test_an_audit_needs_the_metadata(world, cluster, tmp_path):
    path, _ = world.model("unknown", seed=32)
    found = world.hash(path, "--to", cluster[0].home, *TWO)
    told = audit(world, found, cluster[0].home, status=3, environment={"EAI_HOME": str(tmp_path / "other")})
    assert "is not here" in told["why"] and "download" in told["why"]


def test_a_login(world, cluster):
    path, _ = world.model("login", seed=33)
    closed = cluster[2]
    user, password = Cluster.LOGIN

    def tried(login):
        environment = {} if login is None else {"EAI_CLUSTER_LOGIN": login}
        done = world.run("preserve", path, "--to", closed.home, *TWO, environment=environment)
        assert password not in done.stdout + done.stderr and "a-wrong-one" not in done.stdout + done.stderr
        return done.returncode, done.stderr
    status, said = tried(None)
    assert status == 2 and "export EAI_CLUSTER_LOGIN=<user>:<password>" in said
    status, said = tried(f"{user}:a-wrong-one")
    assert status == 2 and "the login was refused (HTTP 401" in said
    status, said = tried("a-wrong-one")
    assert status == 2 and "EAI_CLUSTER_LOGIN is not of the form" in said
    assert tried(f"{user}:{password}\n")[0] == 0
    in_the_url = world.run("preserve", path, "--to", closed.home.replace("http://", f"http://{user}:a-wrong-one@"))
    assert in_the_url.returncode == 2 and "a-wrong-one" not in in_the_url.stderr

"""Models are given on: another eai, kubo and Helia take them from `eai model seed`, and only what was named."""
import hashlib
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest

import helia
from carry_test import export, file_of, other  # noqa: F401
from peers import fetching_kubo
from preserve_world import PARTS, WAIT, World, unpack, world  # noqa: F401
from repair_test import MIB, ask, demo_gguf, events, spoil
from seeding import Seed, no_such_seed, seeds


@pytest.fixture
def seed():
    """Begins seeds that end with the test."""
    running = []

    def begin(*words, **more):
        running.append(Seed(*words, **more))
        return running[-1]
    yield begin
    seeds(running)


@pytest.fixture
def model(world):  # noqa: F811
    """The hash of a model that is stored here with its trees, and its bytes."""
    return make(world, "--format", "unixfs")


def make(world, *words, name="tiny", size=9 * MIB, **more):  # noqa: F811
    path, data = world.model(name=name, size=size, **more)
    return world.hash("--folder-path", path, *words, "--to", f"car:{world.folder / name}.car"), data


def root_of(seed, model):  # noqa: F811
    """The CID of the model's only file."""
    return json.loads(seed.raw(model)[2])["files"][0]["cid"]


def take(machine, model, *urls, status=0):
    gateways = [word for url in urls for word in ("--gateway", url)]
    done = machine.run("download", "--hash", model, "--no-public-gateways", *gateways)
    assert done.returncode == status, done.stderr
    return done


@pytest.mark.parametrize("words", [("--format", "unixfs"), ("--format", "unixfs", "--layout", "tensor"), ("--format", "archive", *PARTS)])
def test_a_second_machine_takes_a_model_from_the_first_with_no_other_network(world, other, seed, words):  # noqa: F811
    found, data = make(world, *words)
    giving = seed(world, found)
    take(other, found, giving.url)
    assert file_of(other, found).read_bytes() == data
    said = giving.stop()
    assert len(data) <= said["bytes"] < len(data) + MIB, "each byte was given once"
    assert said["models"][0]["hash"] == found and said["to"][0]["address"] == "127.0.0.1"
    if "unixfs" in words:  # and gives it on in its turn
        third = World(other.folder / "third")
        third.folder.mkdir()
        take(third, found, seed(other, found).url)
        assert file_of(third, found).read_bytes() == data


def test_kubo_and_helia_take_it(world, model, seed, tmp_path):  # noqa: F811
    found, data = model
    giving = seed(world, found)
    root = root_of(giving, found)
    assert helia.fetch(giving.url, root) == data
    node = fetching_kubo(tmp_path / "kubo", giving.port)
    try:
        assert node.output("cat", root) == data
        assert node.output("block", "get", found) == giving.raw(found)[2]
    finally:
        node.stop()
        node.router.stop()


def test_an_archive_is_given_as_the_very_parts_that_it_came_in(world, other, seed):  # noqa: F811
    found, data = make(world, "--format", "archive", *PARTS)
    giving = seed(world, found)
    metadata = json.loads(giving.raw(found)[2])
    files = unpack(metadata, lambda cid: giving.get(f"/ipfs/{cid}")[2])
    assert files["tiny/tiny"] == data


def test_a_car_is_given_as_it_lies_on_a_stick(world, model, other, seed, tmp_path):  # noqa: F811
    found, data = model
    export(world, found, tmp_path / "stick.car")
    giving = seed(other, "--car", str(tmp_path / "stick.car"))
    third = World(tmp_path / "third")
    third.folder.mkdir()
    take(third, found, giving.url)
    assert file_of(third, found).read_bytes() == data


def test_only_what_was_named_is_given(world, model, other, seed):  # noqa: F811
    found, _ = model
    secret, _ = make(world, "--format", "unixfs", name="secret", seed=2)
    giving = seed(world, found)
    assert giving.raw(secret)[0] == 404 and giving.raw(found)[0] == 200
    assert giving.stop()["not_here"] == 1
    # What was made here may be private, and is not meant by all.
    said = no_such_seed(world, "--all", "--share-port", "0")
    assert "named" in said and "preserved" in said
    take(other, found, seed(world, found).url)
    every = seed(other, "--all")
    assert [m["hash"] for m in every.told["models"]] == [found]


def test_changed_bytes_are_not_given_and_another_source_is_asked_for_them(world, model, other, seed, tmp_path):  # noqa: F811
    found, data = model
    giving = seed(world, found)
    root = root_of(giving, found)
    assert giving.get(f"/ipfs/{root}")[2] == data
    spoil(file_of(world, found), 3 * MIB + 5)  # after every leaf was proven once
    status, _, body = giving.get(f"/ipfs/{root}", Range=f"bytes={3 * MIB}-{3 * MIB + 100}")
    assert status == 404 and b"not shared" in body
    assert giving.get(f"/ipfs/{root}", Range="bytes=0-9")[2] == data[:10]
    well = World(tmp_path / "well")
    well.folder.mkdir()
    assert well.run("import", str(world.folder / "tiny.car")).returncode == 0
    take(other, found, giving.url, seed(well, found).url)
    assert file_of(other, found).read_bytes() == data
    assert giving.stop()["damaged"] >= 1


def test_a_file_that_is_cut_gives_what_is_left(world, model, seed):  # noqa: F811
    found, data = model
    giving = seed(world, found)
    root = root_of(giving, found)
    assert giving.get(f"/ipfs/{root}")[2] == data
    os.truncate(file_of(world, found), 5 * MIB + 7)
    assert giving.get(f"/ipfs/{root}", Range=f"bytes=0-{4 * MIB - 1}")[2] == data[:4 * MIB]
    assert giving.get(f"/ipfs/{root}", Range=f"bytes={6 * MIB}-")[0] == 404


class Reader:
    """Reads an answer in pieces of its own pace."""

    def __init__(self, port, path):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT)
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        self.got = b""
        while b"\r\n\r\n" not in self.got:
            piece = self.socket.recv(100)
            assert piece, "the answer ends before its head does"
            self.got += piece

    def rest(self):
        pieces = [self.got.split(b"\r\n\r\n", 1)[1]]
        while piece := self.socket.recv(MIB):
            pieces.append(piece)
        return b"".join(pieces)


def test_a_model_that_is_removed_or_replaced_is_still_given_to_those_who_read_it(world, seed, tmp_path):  # noqa: F811
    found, data = make(world, "--format", "unixfs", size=48 * MIB)  # more than sockets hold
    giving = seed(world, found)
    root = root_of(giving, found)
    reader = Reader(giving.port, f"/ipfs/{root}")
    again = tmp_path / "again"
    again.write_bytes(data)
    os.rename(again, file_of(world, found))
    assert reader.rest() == data
    reader = Reader(giving.port, f"/ipfs/{root}")
    assert world.run("remove", "--hash", found).returncode == 0
    assert hashlib.sha256(reader.rest()).digest() == hashlib.sha256(data).digest()
    assert giving.get(f"/ipfs/{root}", Range="bytes=0-9")[0] == 404
    assert giving.raw(found)[0] == 404, "not even the metadata"


def test_status_tells_what_was_given_to_whom(world, model, other, seed):  # noqa: F811
    found, data = model
    assert world.run("status").returncode != 0
    giving = seed(world, found)
    take(other, found, giving.url)
    told = json.loads(world.run("status", "--json").stdout.splitlines()[-1])
    assert told["running"] is False and told["seed"]["models"][0]["bytes"] >= len(data)
    text = world.run("status").stdout
    assert "127.0.0.1" in text and "tiny" in text and giving.url in text
    said = no_such_seed(world, found, "--share-port", "0")
    assert "runs already" in said
    giving.kill()
    assert "seed" not in json.loads(world.run("status", "--json").stdout.splitlines()[-1])
    seed(world, found)  # a dead one is not in the way


def test_what_cannot_be_given_is_refused_in_words(world, model, taken_port, tmp_path):  # noqa: F811
    found, _ = model
    free = ("--share-port", "0")
    assert "say what to share" in no_such_seed(world)
    assert "nothing-of-this-name" in no_such_seed(world, "nothing-of-this-name", *free)
    (tmp_path / "no.car").write_bytes(b"no CAR")
    assert "no.car" in no_such_seed(world, "--car", str(tmp_path / "no.car"), *free)
    (tmp_path / "record").write_bytes(b"x")
    assert "<name>.ipns-record" in no_such_seed(world, found, "--ipns-record", str(tmp_path / "record"), *free)
    named = tmp_path / "k51qzi5uqu5dit2ku9mutlfgwyz8u730on38kd10m97m36bjt66my99hb6103f.ipns-record"
    named.write_bytes(b"x")
    assert "not an IPNS record" in no_such_seed(world, found, "--ipns-record", str(named), *free)
    assert "port" in no_such_seed(world, found, "--share-port", str(taken_port))
    assert "no.such.host" in no_such_seed(world, found, "--share-host", "no.such.host", *free)


@pytest.fixture
def taken_port():
    """A port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


def test_an_archive_of_another_program_says_why_not(world):  # noqa: F811
    folder = subprocess.run([*world.command("download", "eai-demo", "--offline")], env=world.environment, capture_output=True)
    assert folder.returncode == 0
    said = no_such_seed(world, "eai-demo", "--share-port", "0")
    assert "another program packed them" in said and "unixfs" in said


@pytest.fixture
def serving(world, other):  # noqa: F811
    """Another machine that has the demo model in the format unixfs, downloaded; its hash, and what ends its server."""
    path = world.folder / "demo"
    path.mkdir()
    (path / "demo").write_bytes(demo_gguf(world))
    found = world.hash("--folder-path", path, "--format", "unixfs", "--to", f"car:{world.folder}/demo.car")
    assert other.run("import", f"{world.folder}/demo.car").returncode == 0
    yield other, found
    other.run("stop")


def shared(machine):
    return json.loads(machine.run("status", "--json").stdout)["share"]


def until(condition):
    deadline = time.monotonic() + WAIT
    while not (found := condition()):
        assert time.monotonic() < deadline, "nothing changes"
    return found


def test_a_server_gives_on_what_its_configuration_names(serving, tmp_path):  # noqa: F811
    machine, found = serving
    config = machine.folder / "home/config/config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(f'[share]\nmodels = ["{found}", "nothing-of-this-name"]\nport = 0\n')
    ready = events(machine.run("run", "--hash", found, "--port", "0", "--json"))[-1]
    told = until(lambda: shared(machine))
    assert len(told["models"]) == 1, "a word that names nothing does not keep the rest back"
    third = World(tmp_path / "third")
    third.folder.mkdir()
    take(third, found, told["url"])
    assert ask(ready["port"], "Hello")[1]
    now = shared(machine)
    assert now["bytes"] > 2 * MIB and now["models"][0]["hash"] == found and now["to"][0]["address"] == "127.0.0.1"
    with urllib.request.urlopen(f"http://127.0.0.1:{ready['port']}/metrics") as reply:
        metrics = reply.read().decode()
    assert f'eai_share_bytes_total{{model="{found}"}} {now["bytes"]}' in metrics and "127.0.0.1" not in metrics
    text = machine.run("status").stdout
    assert "sharing at " + told["url"] in text and "demo" in text
    # What is no longer named is no longer given, and the server goes on.
    config.write_text("")
    os.kill(ready["pid"], signal.SIGHUP)
    until(lambda: shared(machine) is None)
    with pytest.raises(OSError):
        urllib.request.urlopen(f"{told['url']}/ipfs/{found}?format=raw")
    assert ask(ready["port"], "Hello")[1]


def test_a_model_that_comes_or_is_mended_later_is_shared_from_then_on(serving, tmp_path):  # noqa: F811
    machine, found = serving
    config = machine.folder / "home/config/config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    path, _ = machine.model(name="late", size=3 * MIB)
    late = machine.hash("--folder-path", path, "--format", "unixfs", "--to", f"car:{tmp_path}/late.car", "--no-keep")
    config.write_text(f'[share]\nmodels = ["{found}", "{late}"]\nport = 0\n')
    ready = events(machine.run("run", "--hash", found, "--port", "0", "--json"))[-1]
    assert [m["hash"] for m in until(lambda: shared(machine))["models"]] == [found]
    for _ in range(2):  # it comes, is removed, and comes again
        assert machine.run("import", f"{tmp_path}/late.car").returncode == 0
        os.kill(ready["pid"], signal.SIGHUP)
        told = until(lambda: len((now := shared(machine))["models"]) == 2 and now)
        assert urllib.request.urlopen(f"{told['url']}/ipfs/{late}?format=raw").status == 200
        assert machine.run("remove", "--hash", late).returncode == 0
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{told['url']}/ipfs/{late}?format=raw")


def test_a_server_whose_share_cannot_begin_serves_all_the_same(serving, taken_port):  # noqa: F811
    machine, found = serving
    ready = events(machine.run("run", "--hash", found, "--port", "0", "--share", found, "--share-port", str(taken_port), "--json"))[-1]
    told = until(lambda: shared(machine))
    assert str(taken_port) in told["error"]
    assert "Nothing is shared" in machine.run("status").stderr
    assert ask(ready["port"], "Hello")[1]


def test_slow_readers_and_cars_harm_neither_a_chat_nor_each_other(serving):  # noqa: F811
    machine, found = serving
    large, _ = make(machine, "--format", "unixfs", name="large", size=64 * MIB)
    words = ("--share", found, "--share", large, "--share-port", "0")
    ready = events(machine.run("run", "--hash", found, "--port", "0", *words, "--json"))[-1]
    told = until(lambda: shared(machine))
    port = int(told["url"].rsplit(":", 1)[1])
    root = json.loads(urllib.request.urlopen(f"{told['url']}/ipfs/{large}?format=raw").read())["files"][0]["cid"]
    assert ask(ready["port"], "Hello")[1]  # what only the first answer costs
    memory = own_memory(ready["pid"])
    slow = [Reader(port, f"/ipfs/{root}") for _ in range(192)] + [Reader(port, f"/ipfs/{root}?format=car&car-dups=y") for _ in range(8)]
    assert all(reader.got.startswith(b"HTTP/1.1 200") for reader in slow)
    said, whole = ask(ready["port"], "Tell me a story")
    assert whole and said
    assert urllib.request.urlopen(f"{told['url']}/ipfs/{found}?format=raw").status == 200, "and others get something"
    assert own_memory(ready["pid"]) - memory < 200 * 128, "KiB"
    assert shared(machine)["put_off"] == 0
    # A good one of many is not held up by the others.
    assert len(slow[0].rest()) > 64 * MIB - 100
    for reader in slow:
        reader.socket.close()


def own_memory(pid):
    """KiB that belong to the process alone."""
    status = open(f"/proc/{pid}/status").read()
    return int(status.split("RssAnon:")[1].split()[0])

"""`eai model audit`: it finds what a home has lost, damaged or made up, and audits a home that gives only
whole files by those files."""
import json
import signal

import pytest

from preserve_world import kubo, lighthouse, world  # noqa: F401


def preserved(world, kubo, *words, **more):
    path, _ = world.model(**{"size": 5_000_000, **more})
    return world.hash(path, "--to", f"kubo:{kubo.api}", "--to", "car:m.car", *words)


def leaves(kubo, entry):
    return [cid for cid in kubo.run("refs", "-r", "-u", entry["cid"]).split() if cid.startswith("bafkrei")]


@pytest.mark.parametrize("form", ["archive", "unixfs"])
def test_every_kind_of_home(world, kubo, form):
    found = preserved(world, kubo, "--format", form, "--zip-chunk-size", 2)
    for place in (f"kubo:{kubo.api}", kubo.gateway, "car:m.car"):
        done = world.run("audit", found, "--home", place, "--samples", 3)
        assert done.returncode == 0 and "3 of" in done.stdout, done.stdout + done.stderr
    several = world.run("audit", found, "--home", kubo.gateway, "--home", "car:m.car", "--json")
    told = [json.loads(line) for line in several.stdout.splitlines()]
    assert [(e["home"], e["good"]) for e in told] == [(kubo.gateway, True), ("car:m.car", True)]


def test_a_lost_block(world, kubo):
    found = preserved(world, kubo, "--format", "unixfs", seed=2)
    entry = world.metadata()["files"][0]
    leaf = leaves(kubo, entry)[2]
    kubo.run("pin", "rm", entry["cid"])
    kubo.run("block", "rm", leaf)
    done = world.run("audit", found, "--home", f"kubo:{kubo.api}", "--samples", 10000)
    assert done.returncode == 3 and leaf in done.stdout and "tries" not in done.stdout


def test_a_home_without_the_trees_has_the_model(world, kubo):
    found = preserved(world, kubo, "--format", "unixfs", seed=11)
    trees = world.metadata()["tree_car"]["cid"]
    place = f"kubo:{kubo.api}"
    good = world.run("audit", found, "--home", place, "--json")
    assert good.returncode == 0 and json.loads(good.stdout)["trees"] == "good", good.stdout
    kubo.run("pin", "rm", trees)
    kubo.run("block", "rm", trees)
    lacking = world.run("audit", found, "--home", place, "--json")
    told = json.loads(lacking.stdout)
    assert lacking.returncode == 0 and told["good"] and told["trees"] == "lacking" and trees in told["trees_why"], told
    assert "without the CAR of its trees" in world.run("audit", found, "--home", place).stdout


@pytest.mark.parametrize("form", ["archive", "unixfs"])
def test_a_block_that_was_tampered_with(world, kubo, form):
    """The node does not check: it serves whatever is on its disk."""
    found = preserved(world, kubo, "--format", form, seed=3)
    leaf = leaves(kubo, world.metadata()["files"][0])[1]
    file = kubo.block_file(leaf)
    good = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(good[:1000] + bytes([good[1000] ^ 1]) + good[1001:])
    for place in (f"kubo:{kubo.api}", kubo.gateway):
        done = world.run("audit", found, "--home", place, "--samples", 10000)
        assert done.returncode == 4 and leaf in done.stdout and "do not match their hash" in done.stdout, done.stdout
    file.write_bytes(good)
    assert world.run("audit", found, "--home", f"kubo:{kubo.api}", "--samples", 10000).returncode == 0


def test_the_choice_is_drawn_anew(world, kubo, lighthouse):
    found = preserved(world, kubo, "--zip-chunk-size", 2, seed=4, size=6_200_000)
    for _ in range(12):
        assert world.run("audit", found, "--home", lighthouse.url, "--samples", 1).returncode == 0
    parts = [r["path"] for r in lighthouse.requests() if "format" not in r["path"] and found not in r["path"]]
    assert len(parts) == 12 and len(set(parts)) > 1  # one of three each time: that all are the same has a chance of 3^-11


@pytest.mark.parametrize("gateway", ["files", "refuse"])
def test_a_home_that_gives_whole_files_only(world, kubo, lighthouse, gateway):
    found = preserved(world, kubo, "--zip-chunk-size", 2, seed=5, size=6_200_000)
    lighthouse.control(gateway=gateway)
    done = world.run("audit", found, "--home", lighthouse.url, "--samples", 16, "--json")
    assert done.returncode == 0, done.stdout
    told = json.loads(done.stdout)
    assert told["wholes"] == 2 and told["bytes"] > 3_900_000
    people = world.run("audit", found, "--home", lighthouse.url)
    assert "1 of 3 whole parts" in people.stdout


def test_a_whole_file_that_lies(world, kubo, lighthouse):
    found = preserved(world, kubo, seed=6)
    lighthouse.control(gateway="lie")
    done = world.run("audit", found, "--home", lighthouse.url, "--max-retries", 0)
    assert done.returncode == 4 and "do not match their hash" in done.stdout


def test_lighthouse_and_its_deals(world, kubo, lighthouse):
    path, _ = world.model(seed=7)
    found = world.hash(path, "--zip-chunk-size", 2, environment=lighthouse.environment)
    part = world.metadata()["files"][0]
    lighthouse.control(deals={part["cid"]: [{"chainDealID": 123, "dealStatus": "Sealing: PreCommitting", "storageProvider": "f01234",
                                            "miner": "x"}]})
    done = world.run("audit", found, "--json", environment=lighthouse.environment)
    assert done.returncode == 0, done.stdout + done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    deals = {e["piece"]: e["deals"] for e in told if e["event"] == "deals"}
    assert deals == {"metadata": [], "tiny.zip.part-aa": [{"state": "Sealing: PreCommitting", "provider": "f01234", "id": "123"}],
                     "tiny.zip.part-ab": []}
    people = world.run("audit", found, environment=lighthouse.environment).stdout
    assert "1 of 3 pieces have deals" in people and "Sealing: PreCommitting at f01234 (123)" in people


def test_what_cannot_be_audited(world, kubo):
    found = preserved(world, kubo, seed=8)
    for words, text in (((found, "--home", "pinning:http://127.0.0.1:9"), "gives no bytes back"), ((found, "--home", "attic"), "cannot be asked"),
                        ((), "which model"), ((found, "--offline"), "--offline")):
        done = world.run("audit", *words)
        assert done.returncode == 2 and text in done.stderr, done.stderr
    gone = world.run("audit", found, "--home", "http://127.0.0.1:9", "--max-retries", 0)
    assert gone.returncode == 5


def test_a_file_that_is_no_car_is_one_homes_verdict(world, kubo):
    found = preserved(world, kubo, seed=10)
    (world.folder / "junk.car").write_bytes(b"not a CAR at all")
    done = world.run("audit", found, "--home", "car:junk.car", "--home", "car:m.car", "--json")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode != 0 and [(e["home"], e["good"]) for e in told] == [("car:junk.car", False), ("car:m.car", True)]


def test_interrupted(world, kubo, lighthouse):
    path, _ = world.model(seed=9)
    found = world.hash(path, environment=lighthouse.environment)
    lighthouse.control(gateway="hang")
    running = world.start("audit", found, environment=lighthouse.environment)
    lighthouse.wait_held()
    running.send_signal(signal.SIGINT)
    assert running.wait(20) == 130

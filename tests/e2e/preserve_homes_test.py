"""Homes that fail, are slow or lie: stand-ins for Lighthouse and for pinning services over real kubo nodes. What one
home does wrong must not cost the others anything, and the same command must continue from there."""
import json
import signal

import pytest

from peers import Lighthouse
from preserve_world import between, kubo, lighthouse, open_kubo, pinning, service_kubo, unpack, world  # noqa: F401

BOTH = ("--to", "lighthouse", "--to")


# ---- Lighthouse

@pytest.mark.parametrize("faults", [["429", "500"], ["cut", "cut"], ["", "500", "", "429"], ["lost"]])
def test_trouble_that_passes(world, kubo, lighthouse, faults):
    path, data = world.model()
    lighthouse.control(faults=faults)
    found = world.hash("--folder-path", path, "--zip-chunk-size", 1, environment=lighthouse.environment)
    assert unpack(json.loads(kubo.get(found)), kubo.get) == {"tiny/tiny": data}


def test_retry_after_is_obeyed(world, lighthouse):
    path, _ = world.model(size=100_000)
    lighthouse.control(faults=["429"])
    world.hash(path, environment=lighthouse.environment)
    first, second = [r for r in lighthouse.requests() if r["path"].startswith("/api/v0/add")][:2]
    assert (first["status"], second["status"]) == (429, 200) and second["at"] - first["at"] >= 1


def test_tries_are_counted(world, lighthouse):
    path, _ = world.model(size=100_000)
    lighthouse.control(faults=["500"] * 9)
    done = world.run("preserve", path, "--max-retries", 1, environment=lighthouse.environment)
    assert done.returncode == 5 and "after 2 tries" in done.stderr and "starts over" in done.stderr
    assert len([r for r in lighthouse.requests() if r["status"] == 500]) == 2


def test_a_service_that_hangs(world, lighthouse):
    path, _ = world.model()
    lighthouse.control(faults=["hang"] * 9)
    done = world.run("preserve", path, "--upload-timeout", 1, "--max-retries", 1, environment=lighthouse.environment)
    assert done.returncode == 6 and "after 2 tries" in done.stderr


@pytest.mark.parametrize("chunk,width,profile", [(262144, 174, "kubo-v1"), (1048576, 1024, "unixfs-v1-2025")])
def test_how_the_service_cuts_is_found_out(world, kubo, chunk, width, profile):
    path, data = world.model()
    service = Lighthouse(kubo, "--chunker", f"size-{chunk}", "--width", str(width))
    try:
        done = world.preserve(path, "--zip-chunk-size", 2, environment=service.environment)
    finally:
        service.stop()
    assert done["profile"] == profile
    assert unpack(json.loads(kubo.get(done["hash"])), kubo.get) == {"tiny/tiny": data}


def test_a_service_that_cuts_in_another_way_than_before(world, kubo, lighthouse):
    path, _ = world.model()
    lighthouse.control(hold=["tiny.zip.part-ac"])
    running = world.start("preserve", path, "--zip-chunk-size", 1, environment=lighthouse.environment)
    lighthouse.wait_held()
    running.send_signal(signal.SIGKILL)
    running.communicate()
    changed = Lighthouse(kubo, "--chunker", "size-1048576")
    try:
        done = world.run("preserve", path, "--zip-chunk-size", 1, environment=changed.environment)
        assert done.returncode == 4 and "cut in another way (unixfs-v1-2025)" in done.stderr and "--no-resume" in done.stderr
        done = world.preserve(path, "--zip-chunk-size", 1, "--no-resume", environment=changed.environment)
    finally:
        changed.stop()
    assert done["profile"] == "unixfs-v1-2025"


def test_an_unknown_way_of_cutting_is_an_error_that_says_so(world, kubo):
    path, _ = world.model()
    service = Lighthouse(kubo, "--chunker", "size-300000")
    try:
        done = world.run("preserve", path, environment=service.environment)
    finally:
        service.stop()
    assert done.returncode == 4 and done.stdout == "" and "or cut them in a way that is not known" in done.stderr


@pytest.mark.parametrize("faults", [["wrong"], ["", "wrong"]])
def test_another_cid_is_an_error_that_says_so(world, lighthouse, faults):
    path, _ = world.model()
    lighthouse.control(faults=faults)
    done = world.run("preserve", path, "--zip-chunk-size", 1, environment=lighthouse.environment)
    assert done.returncode == 4 and "it holds other bytes" in done.stderr, done.stderr


@pytest.mark.parametrize("words", [(), ("--format", "unixfs")])
def test_a_key_that_is_refused(world, lighthouse, words):
    path, _ = world.model()
    done = world.run("preserve", path, *words, environment={**lighthouse.environment, "LIGHTHOUSE_API_KEY": "a-wrong-key"})
    assert done.returncode == 2 and "refused" in done.stderr and "lighthouse" in done.stderr
    assert "a-wrong-key" not in done.stderr + done.stdout and lighthouse.log() == []


@pytest.mark.parametrize("key", [None, ""])
def test_a_key_that_is_missing(world, lighthouse, key):
    path, _ = world.model()
    environment = {k: v for k, v in lighthouse.environment.items() if k != "LIGHTHOUSE_API_KEY"}
    if key is not None:
        environment["LIGHTHOUSE_API_KEY"] = key
    done = world.run("preserve", path, environment=environment)
    assert done.returncode == 2 and "export LIGHTHOUSE_API_KEY" in done.stderr and lighthouse.requests() == []


def test_quota_is_asked_for_before_anything_is_sent(world, lighthouse):
    path, _ = world.model()
    lighthouse.control(quota=2000)
    done = world.run("preserve", path, environment=lighthouse.environment)
    assert done.returncode == 2 and "quota exceeded" in done.stderr and lighthouse.log() == []


def test_quota_that_ends_in_the_middle(world, lighthouse):
    path, _ = world.model()
    lighthouse.control(hold=["tiny.zip.part-ac"])
    running = world.start("preserve", path, "--zip-chunk-size", 1, environment=lighthouse.environment)
    lighthouse.wait_held()
    lighthouse.control(used=10**12)  # somebody else used up the space
    _, error = running.communicate(timeout=60)
    assert running.returncode == 2 and "quota exceeded" in error
    lighthouse.control()
    receipts, before = world.receipts(), len(lighthouse.log())
    world.hash(path, "--zip-chunk-size", 1, environment=lighthouse.environment)
    again = {u["cid"] for u in lighthouse.log()[before:]}
    assert receipts and not receipts & again and len(again) == 5 - len(receipts)


def test_a_service_that_does_not_tell_its_quota(world, kubo, lighthouse):
    path, _ = world.model()
    lighthouse.control(tells=False)
    assert kubo.has(world.hash(path, environment=lighthouse.environment))
    lighthouse.control(tells=False, quota=2000)
    world.model(seed=2)
    done = world.run("preserve", path, environment=lighthouse.environment)
    assert done.returncode == 2 and "quota exceeded" in done.stderr


def test_quota_counts_what_is_up_only_once(world, lighthouse):
    path, _ = world.model()
    lighthouse.control(hold=["tiny_metadata.json"], quota=5_000_000)
    running = world.start("preserve", path, "--zip-chunk-size", 1, environment=lighthouse.environment)
    lighthouse.wait_held()
    running.send_signal(signal.SIGKILL)
    running.communicate()
    lighthouse.control(quota=5_000_000)
    world.hash(path, "--zip-chunk-size", 1, environment=lighthouse.environment)
    assert set(lighthouse.names()[4:]) == {"tiny_metadata.json"}


def test_a_part_that_the_service_finds_too_large(world, lighthouse):
    path, _ = world.model()
    lighthouse.control(limit=1_000_000)
    done = world.run("preserve", path, environment=lighthouse.environment)
    assert done.returncode == 2 and "smaller --zip-chunk-size" in done.stderr
    # It is not tried again, because that cannot help.
    assert len([r for r in lighthouse.requests() if r["status"] == 413]) == 1


def test_a_part_larger_than_the_documented_limit(world, kubo):
    path, _ = world.model()
    big = world.run("preserve", path, "--zip-chunk-size", 40_000, environment={"LIGHTHOUSE_API_KEY": "k"})
    assert big.returncode == 2 and "takes at most" in big.stderr


def test_a_quota_that_what_is_packed_fits_into(world, kubo, lighthouse):
    path, data = world.model(size=4_000_000)
    (path / "tiny").write_bytes(data[:1_000_000] + bytes(len(data) - 1_000_000))
    lighthouse.control(quota=2_000_000)
    assert kubo.has(world.hash(path, environment=lighthouse.environment))


@pytest.mark.parametrize("name", ["LIGHTHOUSE_API_KEY", "EAI_PINNING_KEY"])
def test_a_key_that_would_end_a_header(world, lighthouse, name):
    path, _ = world.model()
    done = world.run("preserve", path, environment={**lighthouse.environment, name: "secret\r\nX-Other: 1"})
    assert done.returncode == 2 and name in done.stderr and "secret" not in done.stderr + done.stdout
    assert lighthouse.requests() == []


def test_a_key_from_a_file_with_its_line_break(world, kubo, lighthouse):
    path, _ = world.model(size=100_000)
    environment = {**lighthouse.environment, "LIGHTHOUSE_API_KEY": f" {lighthouse.KEY}\r\n"}
    assert kubo.has(world.hash(path, environment=environment))


# ---- kubo

def test_a_pin_that_takes_longer_than_any_answer_may(world, kubo, between):
    path, _ = world.model()
    between.control(pin_lines=8)
    found = world.hash(path, "--to", between.home, "--upload-timeout", 1, "--max-retries", 0)
    assert found in kubo.pins()


def test_a_pin_that_fails_at_its_end(world, between):
    path, _ = world.model()
    between.control(pin_lines=1, pin_error="the disk of the node is full")
    done = world.run("preserve", path, "--to", between.home)
    assert done.returncode == 5 and "the disk of the node is full" in done.stderr and done.stdout == ""


def test_a_node_that_cuts_as_it_likes(world, kubo, between):
    """Like an old node that does not know what it is asked."""
    path, data = world.model(seed=21)
    between.control(chunker="size-262144")
    done = world.preserve(path, "--zip-chunk-size", 2, "--to", between.home)
    assert done["profile"] == "unixfs-v1-2025" and done["failed"] == []
    assert unpack(json.loads(kubo.get(done["hash"])), kubo.get) == {"tiny/tiny": data}
    assert {f["cid"] for f in done["files"]} | {done["hash"]} <= kubo.pins()


def test_a_node_that_lets_nobody_in(world, between):
    path, _ = world.model()
    between.control(closed=True)
    done = world.run("preserve", path, "--to", between.home)
    assert done.returncode == 2 and "access was refused (HTTP 403" in done.stderr and "key" not in done.stderr


def test_a_node_that_answers_another_cid(world, between):
    path, _ = world.model()
    between.control(other_cid=True)
    done = world.run("preserve", path, "--to", between.home)
    assert done.returncode == 4 and "it holds other bytes" in done.stderr


# ---- one home fails, the others go on

def test_the_other_home_gets_all_of_it(world, kubo, lighthouse):
    path, data = world.model()
    lighthouse.control(faults=["", "", "500", "500"] + ["500"] * 9)
    words = (path, "--zip-chunk-size", 1, *BOTH, f"kubo:{kubo.api}", "--max-retries", 0)
    done = world.run("preserve", *words, "-q", environment=lighthouse.environment)
    assert done.returncode == 5
    found = done.stdout.strip()
    assert "incomplete at lighthouse" in done.stderr and "kubo" not in done.stderr
    assert unpack(json.loads(kubo.get(found)), kubo.get) == {"tiny/tiny": data}
    assert found in kubo.pins() and (world.folder / "home/models" / found / "model.gguf").exists()
    assert world.journals()
    # The same command sends what is missing to this home alone.
    lighthouse.control()
    up, blocks = lighthouse.names(), kubo.rpc("refs/local")
    again = world.preserve(*words, environment=lighthouse.environment)
    assert again["hash"] == found and again["failed"] == []
    assert not set(up) & set(lighthouse.names()[len(up):]) and len(set(lighthouse.names())) == 5
    assert again["sent"] == sum(u["size"] for u in lighthouse.log()[len(up):])
    assert kubo.rpc("refs/local") == blocks and not world.journals()


def test_a_home_that_never_began_gets_the_same_model_later(world, kubo, lighthouse):
    """Lighthouse cuts parts in its own way, but it was not reachable when that was decided."""
    path, data = world.model()
    words = (path, "--zip-chunk-size", 1, *BOTH, f"kubo:{kubo.api}", "--to", "car:m.car")
    refused = world.run("preserve", *words, "--json", environment={**lighthouse.environment, "LIGHTHOUSE_API_KEY": "a-wrong-key"})
    assert refused.returncode == 2
    told = [json.loads(line) for line in refused.stdout.splitlines()]
    first = [event for event in told if event["event"] == "preserved"][0]
    assert [f["home"] for f in first["failed"]] == ["lighthouse"] and "a-wrong-key" not in refused.stdout + refused.stderr
    assert kubo.has(first["hash"]) and (world.folder / "m.car").exists()
    again = world.preserve(*words, environment=lighthouse.environment)
    assert again["hash"] == first["hash"]
    assert {u["path"] for u in lighthouse.log() if ".car" in u["name"]} == {"/api/v0/dag/import"} and len(lighthouse.log()) == 5


def test_a_node_that_is_not_there(world, lighthouse):
    path, _ = world.model()
    done = world.run("preserve", path, *BOTH, "kubo:http://127.0.0.1:9", "--max-retries", 0, environment=lighthouse.environment)
    assert done.returncode == 5 and "incomplete at kubo:http://127.0.0.1:9" in done.stderr
    assert "tiny_metadata.json" in lighthouse.names()


def test_all_homes_fail(world, lighthouse):
    path, _ = world.model()
    lighthouse.control(faults=["500"] * 9)
    done = world.run("preserve", path, *BOTH, "kubo:http://127.0.0.1:9", "--max-retries", 0, environment=lighthouse.environment)
    assert done.returncode == 5 and done.stdout == "" and "500" in done.stderr and "127.0.0.1:9" in done.stderr


# ---- pinning services

def test_pinning_fetches_from_our_node(world, open_kubo, service_kubo, pinning):
    path, data = world.model()
    for form in ("archive", "unixfs"):
        found = world.hash(path, "--zip-chunk-size", 1, "--format", form, "--to", pinning.home, "--to", f"kubo:{open_kubo.api}",
                           environment=pinning.environment)
        cids = {f["cid"] for f in world.metadata()["files"]} | {found}
        assert cids <= service_kubo.pins() and all(service_kubo.has(cid) for cid in cids)
    audited = world.run("audit", found, "--home", f"kubo:{service_kubo.api}", "--samples", 100)
    assert audited.returncode == 0, audited.stdout


def test_pinning_from_a_named_provider(world, open_kubo, service_kubo, pinning):
    path, _ = world.model(seed=2)
    # Another node has it already; now only CIDs are sent.
    first = world.hash(path, "--to", f"kubo:{open_kubo.api}", "--no-keep")
    provider = json.loads(open_kubo.rpc("id"))["Addresses"][0]
    done = world.preserve(path, "--to", pinning.home, "--provider", provider, environment=pinning.environment)
    assert done["hash"] == first and service_kubo.has(first) and done["sent"] == 0
    alone = world.run("preserve", path, "--to", pinning.home, environment=pinning.environment)
    assert alone.returncode == 2 and "--provider" in alone.stderr


def test_pinning_keys(world, open_kubo, pinning):
    path, _ = world.model(seed=3)
    words = (path, "--to", pinning.home, "--to", f"kubo:{open_kubo.api}")
    missing = world.run("preserve", *words)
    assert missing.returncode == 2 and "EAI_PINNING_KEY" in missing.stderr
    refused = world.run("preserve", *words, environment={"EAI_PINNING_KEY": "a-wrong-token"})
    assert refused.returncode == 2 and "refused" in refused.stderr and "a-wrong-token" not in refused.stderr
    assert open_kubo.has(refused.stdout.strip().splitlines()[-1])


def test_pinning_without_funds(world, open_kubo, pinning):
    path, _ = world.model(seed=4)
    pinning.control(funds=1)
    words = (path, "--zip-chunk-size", 1, "--to", pinning.home, "--to", f"kubo:{open_kubo.api}")
    done = world.run("preserve", *words, environment=pinning.environment)
    assert done.returncode == 2 and "quota exceeded" in done.stderr
    pinning.control()
    before = pinning.asked("POST")
    world.hash(*words, environment=pinning.environment)
    # The pin that it had accepted was not requested again: 4 parts and the metadata, less one.
    assert len(pinning.asked("POST")) - len(before) == 4


@pytest.mark.parametrize("faults", [["429", "500"], ["lost"]])
def test_pinning_trouble_that_passes(world, open_kubo, service_kubo, pinning, faults):
    path, _ = world.model(seed=5 + len(faults))
    pinning.control(faults=faults)
    found = world.hash(path, "--to", pinning.home, "--to", f"kubo:{open_kubo.api}", environment=pinning.environment)
    assert service_kubo.has(found)


def test_pinning_another_cid(world, open_kubo, pinning):
    path, _ = world.model(seed=8)
    pinning.control(faults=["wrong"])
    done = world.run("preserve", path, "--to", pinning.home, "--to", f"kubo:{open_kubo.api}", environment=pinning.environment)
    assert done.returncode == 4 and "instead of" in done.stderr


def test_pinning_that_fails_there(world, kubo, open_kubo, pinning):
    """The provider does not have the blocks."""
    path, _ = world.model(seed=9)
    pinning.control(patience=1)
    provider = json.loads(open_kubo.rpc("id"))["Addresses"][0]
    done = world.run("preserve", path, "--to", pinning.home, "--provider", provider, environment=pinning.environment)
    assert done.returncode == 5 and "failed there" in done.stderr


@pytest.mark.parametrize("where", ["queued", "pinning"])
def test_pinning_that_is_slow(world, open_kubo, service_kubo, pinning, where):
    path, _ = world.model(seed=10)
    pinning.control(hold=where)
    words = (path, "--to", pinning.home, "--to", f"kubo:{open_kubo.api}")
    done = world.run("preserve", *words, "--pin-timeout", 1, environment=pinning.environment)
    assert done.returncode == 6 and f"is still {where}" in done.stderr and "asks it again" in done.stderr
    asked = pinning.asked("POST")
    pinning.control()
    found = world.hash(*words, environment=pinning.environment)
    assert pinning.asked("POST") == asked and service_kubo.has(found)


def test_pinning_is_killed_and_goes_on(world, open_kubo, service_kubo, pinning):
    path, _ = world.model(seed=11)
    pinning.control(hold="queued")
    words = (path, "--to", pinning.home, "--to", f"kubo:{open_kubo.api}")
    running = world.start("preserve", *words, "--json", environment=pinning.environment)
    while "queued" not in running.stdout.readline():
        assert running.poll() is None
    running.send_signal(signal.SIGKILL)
    running.communicate()
    asked = pinning.asked("POST")
    pinning.control()
    found = world.hash(*words, environment=pinning.environment)
    assert pinning.asked("POST") == asked and service_kubo.has(found) and not world.journals()


def test_pinning_has_nobody_to_fetch_from(world, kubo, lighthouse, pinning):
    path, _ = world.model()
    done = world.run("preserve", path, *BOTH, pinning.home, "--to", "kubo:http://127.0.0.1:9", "--max-retries", 0,
                     environment={**lighthouse.environment, **pinning.environment})
    assert done.returncode == 5 and f"incomplete at {pinning.home}" in done.stderr and "fetches the blocks" in done.stderr
    assert "tiny_metadata.json" in lighthouse.names()

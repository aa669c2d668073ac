"""Runs of `eai model preserve` that are cut short by kill -9 or Ctrl-C in each phase, and the same command again."""
import fcntl
import json
import signal

import pytest

from preserve_world import PARTS, kubo, lighthouse, unpack, wait_for, world  # noqa: F401

HELD = [("archive", "tiny.zip.part-aa"), ("archive", "tiny.zip.part-ac"), ("archive", "tiny_metadata.json"), ("unixfs", "tiny-0.car"),
        ("unixfs", "tiny-trees-0.car"), ("unixfs", "tiny_metadata.json")]
# When these are on their way, something else has arrived.
LATE = ("tiny.zip.part-ac", "tiny-trees-0.car", "tiny_metadata.json")


def begin_and_hold(world, lighthouse, form, held):
    """The words of a run, and the run itself, which waits for the service's answer to the upload of `held`."""
    words = (world.model()[0], *PARTS, "--format", form)
    lighthouse.control(hold=[held])
    running = world.start("preserve", *words, environment=lighthouse.environment)
    lighthouse.wait_held()
    return words, running


@pytest.mark.parametrize("form,held", HELD)
def test_kill_and_go_on(world, kubo, lighthouse, form, held):
    words, running = begin_and_hold(world, lighthouse, form, held)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    assert not list(world.folder.glob("home/preserve/part.*")), "parts in flight vanish with the process"
    receipts, before = world.receipts(), len(lighthouse.log())
    assert (len(receipts) > 0) == (held in LATE)
    lighthouse.control()
    found = world.hash(*words, environment=lighthouse.environment)
    again = lighthouse.log()[before:]
    # What has a receipt is not sent again; what was on its way when the program died has none.
    assert not receipts & {u["cid"] for u in again} and held in [u["name"] for u in again]
    assert kubo.has(found) and not world.journals()


def test_killed_again_and_again(world, kubo, lighthouse):
    path, data = world.model(size=6_000_000)
    parts, kills = 6, 0
    lighthouse.control(hold=["tiny_metadata.json"])  # so no run finishes before it is killed
    (world.folder / "home/preserve").mkdir(parents=True)
    while (before := len(world.receipts())) < parts:
        running = world.start("preserve", path, *PARTS, environment=lighthouse.environment)
        assert wait_for(lambda: len(world.receipts()) > before, world.folder / "home/preserve", running), running.communicate()
        running.send_signal(signal.SIGKILL)
        running.communicate()
        kills += 1
    lighthouse.control()
    found = world.hash(path, *PARTS, environment=lighthouse.environment)
    assert unpack(json.loads(kubo.get(found)), kubo.get) == {"tiny/tiny": data}
    names = lighthouse.names()
    # A kill costs at most what was on its way: two uploads at a time.
    assert len(set(names)) == parts + 1 and len(names) <= parts + 1 + 2 * kills and not world.journals()


@pytest.mark.parametrize("form", ["archive", "unixfs"])
@pytest.mark.parametrize("home", ["kubo", "car"])
def test_kill_while_the_folder_is_read(world, kubo, form, home):
    path = world.slow_model()
    words = (path, "--format", form, "--to", f"kubo:{kubo.api}" if home == "kubo" else "car:m.car")
    running = world.start("preserve", *words, "--json")
    while "done" not in (seen := json.loads(running.stdout.readline())):
        assert seen["event"] == "progress"
    assert seen["phase"] == {"archive": "packing", "unixfs": "hashing"}[form] and seen["done"] < seen["total"]
    running.send_signal(signal.SIGKILL)
    running.communicate()
    assert running.returncode == -signal.SIGKILL and not (world.folder / "m.car").exists()
    audited = world.run("audit", world.hash(*words), "--home", words[4], "--samples", 50)
    assert audited.returncode == 0, audited.stdout


def signalled_before_the_store(world, words, found, number):
    """A run that had sent everything and waited for the model's lock in the store, which somebody else held, and how it
    ended."""
    locks = world.folder / "home/locks"
    locks.mkdir(parents=True)
    with open(locks / f"{found}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        running = world.start("preserve", *words)
        assert wait_for((world.folder / "tiny_metadata.json").exists, world.folder, running)
        running.send_signal(number)
        return running, *running.communicate(timeout=20)


def test_kill_before_the_store_has_it(world, kubo):
    """Everything is uploaded; then the machine dies."""
    path, _ = world.model()
    words = (path, *PARTS, "--to", f"kubo:{kubo.api}", "--to", "car:m.car")
    found = world.hash(*words, "--dry-run")
    signalled_before_the_store(world, words, found, signal.SIGKILL)
    assert world.journals() and not list(world.folder.glob("home/models/*"))
    again = world.preserve(*words)
    assert again["hash"] == found and again["sent"] == 0 and again["failed"] == []
    assert (world.folder / "home/models" / found / "model.gguf").exists() and not world.journals()


@pytest.mark.parametrize("form,phase", [("archive", "packing"), ("unixfs", "hashing")])
@pytest.mark.parametrize("where", [("--dry-run",), ("--to", "car:m.car")])
def test_interrupted_while_the_folder_is_read(world, form, phase, where):
    path = world.slow_model(size=16 << 30)  # no machine reads it in the time that a signal takes
    running = world.start("preserve", path, "--format", form, *where)
    while not (line := running.stderr.readline()).startswith(f"{phase} tiny: "):
        assert line, "it ended"
    running.send_signal(signal.SIGINT)
    out, error = running.communicate(timeout=20)
    assert running.returncode == 130 and out == ""
    assert ("Stopped. Nothing was sent" if where[0] == "--dry-run" else "Stopped. Nothing was sent yet") in error
    assert {p.name for p in world.folder.iterdir()} <= {"tiny", "home"}, "nothing half-written"
    assert not list(world.folder.glob("home/preserve/part.*"))


def test_interrupted_while_the_models_of_the_store_are_read(world):
    path = world.slow_model()
    world.hash(path, "--to", "car:m.car")
    running = world.start("preserve", path, "--format", "unixfs", "--dry-run")
    while not (line := running.stderr.readline()).startswith("reading tiny: "):
        assert line, "it ended"
    running.send_signal(signal.SIGINT)
    out, error = running.communicate(timeout=20)
    assert running.returncode == 130 and out == "" and "Stopped" in error
    assert not list(world.folder.glob("home/preserve/blocks/*.tensor"))


def test_interrupted_before_the_store_has_it(world, kubo):
    path, _ = world.model()
    words = (path, *PARTS, "--to", f"kubo:{kubo.api}")
    found = world.hash(*words, "--dry-run")
    running, out, error = signalled_before_the_store(world, words, found, signal.SIGINT)
    # It is uploaded, and the user is told so; only the store does not have it yet.
    assert running.returncode == 130 and out.splitlines()[-1] == found and "run the same command to continue" in error
    assert kubo.has(found) and world.journals() and not list(world.folder.glob("home/models/*"))
    again = world.preserve(*words)
    assert again["hash"] == found and again["sent"] == 0
    assert (world.folder / "home/models" / found / "model.gguf").exists() and not world.journals()


@pytest.mark.parametrize("form,held", HELD)
def test_interrupted_and_says_how_to_go_on(world, kubo, lighthouse, form, held):
    words, running = begin_and_hold(world, lighthouse, form, held)
    running.send_signal(signal.SIGINT)
    out, error = running.communicate(timeout=20)
    is_up = held in LATE
    assert running.returncode == 130 and out == "" and ("run the same command to continue" if is_up else "starts over") in error
    assert "error" not in error and "eai:" not in error
    assert not (world.folder / "tiny_metadata.json").exists()
    lighthouse.control()
    assert kubo.has(world.hash(*words, environment=lighthouse.environment))


def test_interrupted_while_it_waits_to_try_again(world, lighthouse):
    path, _ = world.model()
    lighthouse.control(faults=["500"] * 99)
    running = world.start("preserve", path, "--max-retries", 50, "--json", environment=lighthouse.environment)
    lighthouse.wait_answered(500)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=20)
    assert running.returncode == 130


def test_a_folder_that_is_being_preserved(world, lighthouse):
    path, _ = world.model()
    lighthouse.control(hold=["tiny.zip.part-aa"])
    running = world.start("preserve", path, environment=lighthouse.environment)
    lighthouse.wait_held()
    second = world.run("preserve", path, environment=lighthouse.environment)
    assert second.returncode == 7 and "being preserved already" in second.stderr
    lighthouse.control()
    assert running.communicate(timeout=60) and running.returncode == 0


def test_no_resume_starts_over(world, lighthouse):
    path, _ = world.model()
    lighthouse.control(hold=["tiny.zip.part-ad"])
    running = world.start("preserve", path, *PARTS, environment=lighthouse.environment)
    lighthouse.wait_held()
    running.send_signal(signal.SIGKILL)
    running.communicate()
    lighthouse.control()
    before = len(lighthouse.log())
    assert world.receipts()
    world.hash(path, *PARTS, "--no-resume", environment=lighthouse.environment)
    assert set(lighthouse.names()[before:]) == {*(f"tiny.zip.part-a{x}" for x in "abcd"), "tiny_metadata.json"}

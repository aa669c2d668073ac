"""`eai model preserve` with what users give it by mistake, and with what happens to a run: files that change, full disks,
kill -9 and Ctrl-C in each phase, and the same command again."""
import fcntl
import json
import os
import pathlib
import shutil
import signal

import pytest

from gguf_maker import gguf
from preserve_world import EAI, kubo, lighthouse, unpack, weights, world  # noqa: F401

PARTS = ("--zip-chunk-size", 1)
NO_RIGHTS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")


def refuse(world, path, *words, status=2, **more):
    done = world.run("preserve", path, "--dry-run", *words, **more)
    assert done.returncode == status and done.stdout == "", done.stdout + done.stderr
    return done.stderr


# ---- the folder

def test_folders_that_are_no_models(world):
    assert "No such file" in refuse(world, world.folder / "nowhere", status=3)
    path, data = world.model()
    (path / "tiny").rename(path / "other.gguf")
    assert "mv " in refuse(world, path)
    shutil.rmtree(path)
    path.mkdir()
    assert "is empty" in refuse(world, path)
    assert "not a folder" in refuse(world, EAI)
    assert "say which folder" in world.run("preserve").stderr
    for content in (b"", b"hello" * 100, data[:200]):
        (path / "tiny").write_bytes(content)
        assert "tiny/tiny" in refuse(world, path)


def test_links(world):
    path, data = world.model()
    outside = world.folder / "outside"
    outside.mkdir()
    (path / "tiny").rename(outside / "model")
    (path / "tiny").symlink_to(outside / "model")
    assert "is a link" in refuse(world, path)
    (path / "tiny").unlink()
    (path / "tiny").write_bytes(data)
    (path / "more").symlink_to(outside)
    assert "more is a link" in refuse(world, path)


def test_what_is_no_ordinary_file(world):
    path, _ = world.model()
    (path / "tiny").unlink()
    os.mkfifo(path / "tiny")
    assert "neither a file nor a folder" in refuse(world, path)
    (path / "tiny").unlink()
    (path / "tiny").mkdir()
    assert "holds no file" in refuse(world, path) or "is empty" in refuse(world, path)


def test_what_may_not_be_read(world):
    path, _ = world.model()
    os.chmod(path / "tiny", 0)
    assert "Permission denied" in refuse(world, path, status=8, before=NO_RIGHTS)
    os.chmod(path / "tiny", 0o600)
    os.chmod(path, 0)
    assert "Permission denied" in refuse(world, path, status=8, before=NO_RIGHTS)
    os.chmod(path, 0o700)


def test_projector_must_fit(world):
    path, data = world.model()
    (path / "tiny-projector").write_bytes(data)
    assert "not a projector" in refuse(world, path)


def test_task_must_be_plausible(world):
    path, _ = world.model()
    (path / "tiny").write_bytes(gguf([("t", weights(1, 1000))], causal=False))
    assert "--task" in refuse(world, path, "--task", "chat")
    assert "--task" in refuse(world, path, "--task", "poetry")


def test_options_out_of_range(world):
    path, _ = world.model()
    assert "--zip-chunk-size" in refuse(world, path, "--zip-chunk-size", "0")
    assert "--zip-chunk-size" in refuse(world, path, "--zip-chunk-size", "99999999999")
    assert "--ram" in refuse(world, path, "--ram", "much")
    assert "--threads" in refuse(world, path, "--threads", "0")
    assert "--format" in refuse(world, path, "--format", "zip")
    for home in ("attic", "car:", "pinning:"):
        done = world.run("preserve", path, "--to", home)
        assert done.returncode == 2 and "is no home" in done.stderr


# ---- what changes under it

def append(file):
    with open(file, "ab") as out:
        out.write(b"more")


def overwrite(file):
    """The same size, other bytes, another time."""
    with open(file, "r+b") as out:
        out.seek(5000)
        out.write(b"other")
    os.utime(file, ns=(1, 1))


def replace(file):
    other = file.with_suffix(".new")
    other.write_bytes(file.read_bytes())
    os.utime(other, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))
    other.rename(file)


def truncate(file):
    os.truncate(file, 1000)


@pytest.mark.parametrize("form", ["archive", "unixfs"])
@pytest.mark.parametrize("change", [append, overwrite, replace, truncate])
def test_a_file_that_changes_is_noticed(world, lighthouse, form, change):
    path, _ = world.model()
    lighthouse.control(hold=["tiny.zip.part-aa", "tiny-0.car"])
    running = world.start("preserve", path, *PARTS, "--format", form, environment=lighthouse.environment)
    lighthouse.wait_held()
    change(path / "tiny")
    lighthouse.control()
    out, error = running.communicate(timeout=60)
    assert running.returncode == 7 and "changed while it was read" in error and out == ""
    assert "tiny_metadata.json" not in lighthouse.names()


# ---- disks

def on_small_disk(folder, size):
    """Runs it where `folder` is a disk of its own, of that size, for it alone."""
    folder.mkdir(exist_ok=True)
    return ("unshare", "--mount", "sh", "-c", f'mount -t tmpfs -o size={size} none "{folder}" && exec "$@"', "sh")


def test_disk_full_while_packing(world, lighthouse):
    path, _ = world.model()
    done = world.run("preserve", path, environment=lighthouse.environment, before=on_small_disk(world.folder / "home", "1m"))
    assert done.returncode == 8 and "No space left" in done.stderr and "tiny.zip.part-aa" in done.stderr
    assert lighthouse.log() == []


def test_disk_too_small_for_a_car(world):
    path, _ = world.model()
    disk = world.folder / "disk"
    done = world.run("preserve", path, "--to", "car:disk/m.car", before=on_small_disk(disk, "1m"))
    assert done.returncode == 8 and "disk full" in done.stderr and not list(disk.iterdir())


def test_disk_full_while_a_car_is_written(world, kubo):
    path, data = world.model(size=4_191_000)
    disk = world.folder / "disk"
    assert len(data) < 4 << 20
    done = world.run("preserve", path, "--to", "car:disk/m.car", "--to", f"kubo:{kubo.api}", before=on_small_disk(disk, "4m"))
    assert done.returncode == 8 and "No space left" in done.stderr and "not complete at car:disk/m.car" in done.stderr
    # The other home has it, and on a larger disk the same command ends well.
    found = done.stdout.splitlines()[-1]
    assert unpack(json.loads(kubo.get(found)), kubo.get) == {"tiny/tiny": data}
    disk.mkdir(exist_ok=True)
    assert world.preserve(path, "--to", "car:disk/m.car", "--to", f"kubo:{kubo.api}")["hash"] == found


def test_a_folder_that_takes_no_metadata(world, kubo):
    path, _ = world.model()
    os.chmod(world.folder, 0o500)
    (world.folder / "home").mkdir(exist_ok=True)
    done = world.run("preserve", path, "--to", f"kubo:{kubo.api}", before=NO_RIGHTS)
    os.chmod(world.folder, 0o700)
    assert done.returncode == 8 and "tiny_metadata.json" in done.stderr
    assert done.stdout.splitlines()[-1] in kubo.pins(), "the hash is told all the same"


def test_at_most_two_parts_lie_on_the_disk(world, lighthouse):
    path, _ = world.model(size=8_000_000)
    lighthouse.control(hold=[f"tiny.zip.part-a{x}" for x in "bcdefgh"])
    running = world.start("preserve", path, *PARTS, environment=lighthouse.environment)
    lighthouse.wait_held(2)
    links = [os.readlink(fd) for fd in pathlib.Path(f"/proc/{running.pid}/fd").iterdir()]
    parts = [link for link in links if "preserve/part." in link]
    assert len(parts) == 2 and all(link.endswith("(deleted)") for link in parts)
    lighthouse.control()
    assert running.communicate(timeout=60) and running.returncode == 0


# ---- ends, and beginnings anew

HELD = [("archive", "tiny.zip.part-aa"), ("archive", "tiny.zip.part-ac"), ("archive", "tiny_metadata.json"), ("unixfs", "tiny-0.car"),
        ("unixfs", "tiny_metadata.json")]


@pytest.mark.parametrize("form,held", HELD)
def test_kill_and_go_on(world, kubo, lighthouse, form, held):
    path, data = world.model()
    words = (path, *PARTS, "--format", form)
    lighthouse.control(hold=[held])
    running = world.start("preserve", *words, environment=lighthouse.environment)
    lighthouse.wait_held()
    running.send_signal(signal.SIGKILL)
    running.communicate()
    assert not list(world.folder.glob("home/preserve/part.*")), "parts in flight vanish with the process"
    receipts, before = world.receipts(), len(lighthouse.log())
    assert (len(receipts) > 0) == (held in ("tiny.zip.part-ac", "tiny_metadata.json"))
    lighthouse.control()
    found = world.hash(*words, environment=lighthouse.environment)
    again = lighthouse.log()[before:]
    # What had a receipt is not sent again; what was on its way when the program died has none.
    assert not receipts & {u["cid"] for u in again} and held in [u["name"] for u in again]
    assert kubo.has(found) and not world.journals()


@pytest.mark.parametrize("form", ["archive", "unixfs"])
@pytest.mark.parametrize("home", ["kubo", "car"])
def test_kill_while_the_folder_is_read(world, kubo, form, home):
    path, data = world.model(size=150_000_000)
    words = (path, "--format", form, "--to", f"kubo:{kubo.api}" if home == "kubo" else "car:m.car", "--json")
    running = world.start("preserve", *words)
    assert json.loads(running.stdout.readline())["event"] == "progress"
    running.send_signal(signal.SIGKILL)
    running.communicate()
    assert not (world.folder / "m.car").exists() or running.returncode == 0
    done = world.run("preserve", *words)
    assert done.returncode == 0, done.stderr
    audited = world.run("audit", json.loads(done.stdout.splitlines()[-1])["hash"], "--home", words[4], "--samples", 10000)
    assert audited.returncode == 0, audited.stdout


def test_kill_before_the_store_has_it(world, kubo):
    """All is up; then the machine dies."""
    path, _ = world.model()
    words = (path, *PARTS, "--to", f"kubo:{kubo.api}", "--to", "car:m.car")
    found = world.hash(*words, "--dry-run")
    locks = world.folder / "home/locks"
    locks.mkdir(parents=True)
    with open(locks / f"{found}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        running = world.start("preserve", *words)
        while not (world.folder / "tiny_metadata.json").exists():
            assert running.poll() is None
        running.send_signal(signal.SIGKILL)
        running.communicate()
    assert world.journals() and not list(world.folder.glob("home/models/*"))
    again = world.preserve(*words)
    assert again["hash"] == found and again["sent"] == 0 and again["failed"] == []
    assert (world.folder / "home/models" / found / "model.gguf").exists() and not world.journals()


@pytest.mark.parametrize("form,held", HELD)
def test_interrupted_and_says_how_to_go_on(world, kubo, lighthouse, form, held):
    path, _ = world.model()
    words = (path, *PARTS, "--format", form)
    lighthouse.control(hold=[held])
    running = world.start("preserve", *words, environment=lighthouse.environment)
    lighthouse.wait_held()
    running.send_signal(signal.SIGINT)
    out, error = running.communicate(timeout=20)
    assert running.returncode == 130 and out == "" and "goes on from there" in error and "error" not in error
    assert not (world.folder / "tiny_metadata.json").exists()
    lighthouse.control()
    assert kubo.has(world.hash(*words, environment=lighthouse.environment))


def test_interrupted_while_it_waits_to_try_again(world, lighthouse):
    path, _ = world.model()
    lighthouse.control(faults=["500"] * 99)
    running = world.start("preserve", path, "--max-retries", 50, "--json", environment=lighthouse.environment)
    while not [r for r in lighthouse.requests() if r["status"] == 500]:
        assert running.poll() is None
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

"""What is left at the end of a job for convenience never takes its result away, and neither do closed or broken streams."""
import json
import os
import subprocess

import pytest

from preserve_faults_test import NO_RIGHTS, on_small_disk
from preserve_world import kubo, unpack, world  # noqa: F401
from conftest import EAI, WAIT


def kept(world, done, data):
    """The hash was told, and the model is in the store."""
    assert done.returncode == 0, done.stderr
    found = done.stdout.splitlines()[-1]
    assert (world.folder / "home/models" / found / "model.gguf").read_bytes() == data
    return found


@pytest.mark.parametrize("words", [(), ("-q",)])
def test_a_folder_that_takes_no_copy_of_the_metadata(world, kubo, words):
    path, data = world.model()
    (world.folder / "home").mkdir()
    os.chmod(world.folder, 0o500)
    done = world.run("preserve", path, "--to", f"kubo:{kubo.api}", *words, before=NO_RIGHTS)
    os.chmod(world.folder, 0o700)
    found = kept(world, done, data)
    assert "Warning: the copy of the metadata" in done.stderr and "Permission denied" in done.stderr
    assert unpack(json.loads(kubo.get(found)), kubo.get) == {"tiny/tiny": data}
    assert done.stderr.index("tiny_metadata.json") >= 0 and not world.journals()
    if not words:
        assert done.stderr.index("No copy of the metadata will be left") < done.stderr.index("In the local store")


def test_a_folder_stands_where_the_copy_would_go(world):
    path, data = world.model()
    (world.folder / "tiny_metadata.json").mkdir()
    done = world.run("preserve", path, "--to", "car:x.car", "--json")
    told = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 0 and told["event"] == "preserved" and len(told["warnings"]) == 1
    assert (world.folder / "home/models" / told["hash"] / "model.gguf").exists()
    assert "Warning" in done.stderr


def test_a_full_disk_where_the_copy_would_go(world):
    path, data = world.model()
    here = world.folder / "here"
    full = on_small_disk(here, "16k")
    script = f'cd "{here}" && head -c 100k /dev/zero > fill; exec "$@"'
    done = world.run("preserve", path, "--to", f"car:{world.folder}/x.car", before=(*full, "sh", "-c", script, "sh"))
    kept(world, done, data)
    assert "No copy of the metadata will be left" in done.stderr and "Warning: the copy of the metadata" in done.stderr


# ---- streams

CLOSED = [">&-", "2>&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-"]


def by_shell(eai, words, streams):
    return subprocess.run(["sh", "-c", f'exec "$@" {streams}', "sh", str(EAI), *map(str, words)], env=eai.environment, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=WAIT)


@pytest.mark.parametrize("streams", CLOSED)
def test_closed_streams(stopped, streams):
    done = by_shell(stopped, ["model", "run", "eai-demo", "--port", 0], streams)
    assert done.returncode == 0, done.stderr
    status = stopped.json("model", "status")
    assert status["running"] and stopped.states()["eai-demo"], status
    pid = status["pid"]
    assert all(os.readlink(f"/proc/{pid}/fd/{fd}").startswith("/") for fd in (0, 1, 2)), "no socket or pipe got their numbers"
    assert by_shell(stopped, ["model", "list"], streams).returncode == 0


def test_a_result_that_nobody_takes(stopped):
    for streams in ("> /dev/full", "| sleep 0"):
        if streams.startswith("|"):
            read, write = os.pipe()
            os.close(read)
            done = subprocess.run([EAI, "model", "run", "eai-demo", "--port", "0", "--force", "--json"], env=stopped.environment, text=True,
                                  stdout=write, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=WAIT)
            os.close(write)
        else:
            done = by_shell(stopped, ["model", "run", "eai-demo", "--port", 0, "--json"], streams)
        assert done.returncode == 8 and "the server runs" in done.stderr, done.stderr
        assert stopped.json("model", "status")["running"]


def test_the_hash_is_owed(world):
    path, data = world.model()
    read, write = os.pipe()
    os.close(read)
    for out, why in ((write, "Broken pipe"), (os.open("/dev/full", os.O_WRONLY), "No space left")):
        (world.folder / "x.car").unlink(missing_ok=True)
        done = subprocess.run(world.command("preserve", path, "--to", "car:x.car"), cwd=world.folder, env=world.environment, text=True,
                              stdout=out, stderr=subprocess.PIPE, timeout=WAIT)
        os.close(out)
        assert done.returncode == 8 and why in done.stderr and "the hash is bafkrei" in done.stderr, done.stderr
    assert list(world.folder.glob("home/models/*/model.gguf"))

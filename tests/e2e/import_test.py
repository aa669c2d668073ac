"""A GGUF file that somebody has becomes a model of the store: it gets its hash, is linked and not copied, and is then checked,
exported and repaired like any other."""
import json
import os
import random
import shutil
import signal
import subprocess

import pytest

from gguf_maker import gguf, split_gguf
from preserve_faults_test import NO_RIGHTS, append, on_small_disk, overwrite, truncate
from preserve_world import WAIT, World, weights, world  # noqa: F401
from repair_test import MIB, events, spoil


@pytest.fixture
def other(tmp_path):
    """Another machine, with a store of its own and no network."""
    (tmp_path / "other").mkdir()
    return World(tmp_path / "other")


def put(world, name="tiny.gguf", **more):  # noqa: F811
    """A GGUF file, in a folder with other things."""
    place = world.folder / "downloads"
    place.mkdir(exist_ok=True)
    (place / "notes.txt").write_text("bread, milk")
    path, data = world.model(name="made", **more)
    (place / name).unlink(missing_ok=True)  # the store may have it under a second name
    (place / name).write_bytes(data)
    shutil.rmtree(path)
    return place / name, data


def hash_of(other, name, files, *words):
    """What `preserve` calls a folder of this name with these files."""
    path = other.folder / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    for file, data in files.items():
        (path / file).write_bytes(data)
    return other.preserve("--folder-path", path, "--format", "unixfs", "--dry-run", *words)["hash"]


def take(machine, *words, status=0, **more):
    done = machine.run("import", *words, "--json", **more)
    assert done.returncode == status, done.stdout + done.stderr
    return events(done)[-1] if status == 0 else done.stderr


def folder_of(machine, model):
    return machine.folder / "home/models" / model


def kept(machine):
    """Names of the models that are there, and of whatever else a run has left."""
    home = machine.folder / "home"
    return [str(path.relative_to(home)) for part in ("models", "partial", "trash") for path in (home / part).glob("*")]


def test_a_file_gets_the_hash_that_preserving_gives(world, other):  # noqa: F811
    file, data = put(world, size=5 * MIB)
    told = take(world, file)
    assert told["event"] == "done" and told["name"] == "tiny" and told["bytes"] == len(data) and not told["was_here"]
    assert told["way"] == "hard link"
    assert told["hash"] == hash_of(other, "tiny", {"any name.gguf": data})
    stored = folder_of(world, told["hash"]) / "model.gguf"
    assert stored.samefile(file)
    assert world.run("check", "tiny").returncode == 0
    again = take(world, file)
    assert again["was_here"] and again["hash"] == told["hash"] and "way" not in again
    done = world.run("import", file)
    assert done.returncode == 0 and "tiny is already here" in done.stdout


def test_it_is_carried_and_repaired_like_any_other(world, other, tmp_path):  # noqa: F811
    file, data = put(world, size=5 * MIB)
    model = take(world, file)["hash"]
    assert world.run("export", "tiny", "-o", "tiny.car").returncode == 0
    told = take(other, world.folder / "tiny.car")
    assert told["hash"] == model and (folder_of(other, model) / "model.gguf").read_bytes() == data
    spoil(file, 3 * MIB)
    assert "leaves do not match" in world.run("check", "tiny").stdout
    done = world.run("repair", "tiny", "--offline", "--source", str(world.folder / "tiny.car"))
    assert done.returncode == 0, done.stderr
    assert (folder_of(world, model) / "model.gguf").read_bytes() == data
    # From a good file, too: what is damaged is replaced.
    spoil(folder_of(world, model) / "model.gguf", 2 * MIB)
    assert world.run("check", "tiny").returncode != 0
    fresh = world.folder / "tiny.gguf"
    fresh.write_bytes(data)
    assert take(world, fresh)["hash"] == model
    assert world.run("check", "tiny").returncode == 0


def test_what_is_said_counts_as_it_does_for_preserving(world, other):  # noqa: F811
    file, data = put(world)
    for number, words in enumerate([("--task", "embed"), ("--ram", "3.5"), ("--hf-repo", "a/b", "--hf-file", "c.gguf"), ("--layout", "fixed")]):
        told = take(world, file, "--name", f"model-{number}", *words)
        assert told["hash"] == hash_of(other, f"model-{number}", {"x.gguf": data}, *words)


@pytest.mark.parametrize("way", ["option", "argument"])
def test_a_projector_comes_with_its_model(world, other, way):  # noqa: F811
    file, data = put(world)
    projector = world.folder / "mmproj.gguf"
    projector.write_bytes(gguf([("v.weight", weights(9, 2_000_000))], architecture="clip"))
    told = take(world, *((file, "--projector", projector) if way == "option" else (projector, file, "--name", "tiny")))
    assert told["hash"] == hash_of(other, "tiny", {"a.gguf": data, "b.gguf": projector.read_bytes()})
    assert (folder_of(world, told["hash"]) / "projector.gguf").samefile(projector)
    assert "is a projector" in take(world, projector, status=2)


def test_a_model_in_pieces_is_named_by_any_of_them(world, other):  # noqa: F811
    file, data = put(world)
    pieces = {f"big-0000{i + 1}-of-00003.gguf": piece for i, piece in enumerate(split_gguf(data, 3))}
    for name, piece in pieces.items():
        (file.parent / name).write_bytes(piece)
    told = take(world, file.parent / "big-00002-of-00003.gguf")
    assert told["name"] == "big" and told["hash"] == hash_of(other, "big", pieces)
    assert (folder_of(world, told["hash"]) / "model-00003-of-00003.gguf").samefile(file.parent / "big-00003-of-00003.gguf")
    (file.parent / "big-00003-of-00003.gguf").unlink()
    error = take(world, file.parent / "big-00001-of-00003.gguf", "--name", "less", status=2)
    assert "big-00003-of-00003.gguf" in error


def test_a_folder_as_preserve_takes_it(world, other):  # noqa: F811
    path, data = world.model("tiny")
    assert take(world, path)["hash"] == hash_of(other, "tiny", {"tiny": data})
    done = world.run("import", path, "--name", "other")
    assert done.returncode == 0 and "other is here" in done.stdout, done.stderr


def test_a_pipe_carries_a_file(world, other):  # noqa: F811
    file, data = put(world)
    done = subprocess.run(world.command("import", "-", "--name", "piped", "--json"), env=world.environment, input=data, capture_output=True,
                          timeout=WAIT)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["hash"] == hash_of(other, "piped", {"x.gguf": data}) and told["way"] == "hard link"
    assert (folder_of(world, told["hash"]) / "model.gguf").read_bytes() == data
    nameless = subprocess.run(world.command("import", "-"), env=world.environment, input=data, capture_output=True, timeout=WAIT)
    assert nameless.returncode == 2 and b"--name" in nameless.stderr
    cut = subprocess.run(world.command("import", "-", "--name", "cut"), env=world.environment, input=data[:-100], capture_output=True, timeout=WAIT)
    assert cut.returncode == 2 and b"GGUF" in cut.stderr
    assert kept(world) == [f"models/{told['hash']}"]


def test_what_is_no_model_is_refused_in_words(world):  # noqa: F811
    file, data = put(world)
    bad = world.folder / "bad"
    bad.mkdir()
    (bad / "text.gguf").write_text("not a GGUF")
    (bad / "short.gguf").write_bytes(data[:-1000])
    (bad / "header.gguf").write_bytes(data[:100])
    (bad / "nothing.gguf").write_bytes(b"")
    (bad / "link.gguf").symlink_to("nowhere")
    (bad / "folder.gguf").mkdir()
    os.mkfifo(bad / "pipe.gguf")
    os.mkfifo(bad / "pipe")
    (bad / "pointer.gguf").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n")
    for name, words in {"text.gguf": "GGUF", "short.gguf": "GGUF", "header.gguf": "GGUF", "nothing.gguf": "GGUF", "link.gguf": "does not exist",
                        "folder.gguf": "no model", "pipe.gguf": "neither a file nor a folder", "pipe": "pipe", "pointer.gguf": "Git LFS",
                        "missing.gguf": "missing.gguf"}.items():
        done = world.run("import", bad / name)
        assert done.returncode not in (0, 1) and words in done.stderr and "bug" not in done.stderr, (name, done.stderr)
    other, _ = world.model("more", seed=2)
    assert "2 models" in take(world, file, other / "more", status=2)
    assert take(world, status=2)
    os.chmod(file, 0)
    assert "Permission denied" in take(world, file, status=8, before=NO_RIGHTS)
    assert kept(world) == []


def test_a_link_stands_for_its_file(world):  # noqa: F811
    file, data = put(world, name="blob")
    (world.folder / "nice.gguf").symlink_to(file)
    told = take(world, "nice.gguf")
    assert told["name"] == "nice"
    stored = folder_of(world, told["hash"]) / "model.gguf"
    assert not stored.is_symlink() and stored.samefile(file)


def test_a_name_is_taken_once(world):  # noqa: F811
    file, _ = put(world)
    first = take(world, file)["hash"]
    # Of another size, and of the same size.
    for size, seed in ((3_500_000, 2), (4_000_000, 1)):
        file, _ = put(world, size=size, seed=seed)
        error = take(world, file, status=2)
        assert "--name" in error and first in error
    assert take(world, file, "--name", "second")["name"] == "second"
    # A damaged model has its name, too.
    stored = folder_of(world, first) / "model.gguf"
    os.truncate(stored, 1000)
    error = take(world, file, status=2)
    assert "damaged" in error and first in error
    assert "--name" in take(world, file, "--name", "qwen3-1.7b", status=2), "the catalog's"
    assert "--name" in take(world, file, "--name", "../x", status=2)


def test_another_disk_takes_a_copy_only_when_told(world):  # noqa: F811
    file, data = put(world)
    home = world.folder / "home"
    for size, words, status, told in (("64m", (), 9, "--copy"), ("64m", ("--copy",), 0, "is here by copy"), ("2m", ("--copy",), 8, "are free")):
        before = on_small_disk(home, size, after=f'find "{home}" -type f -name "*.gguf" -o -type f -name "import*"')
        done = world.run("import", file, *words, before=before)
        assert done.returncode == status and told in done.stdout + done.stderr, (done.returncode, done.stdout + done.stderr)
        left = [line for line in done.stdout.splitlines() if line.startswith(str(home))]
        assert len(left) == (1 if status == 0 else 0), "nothing half-taken"
    piped = subprocess.run([*on_small_disk(home, "2m"), *world.command("import", "-", "--name", "x")], env=world.environment, input=data,
                           capture_output=True, timeout=WAIT)
    assert piped.returncode == 8 and b"No space left" in piped.stderr


def test_a_home_that_cannot_be_written_to(world):  # noqa: F811
    file, _ = put(world)
    home = world.folder / "home"
    home.mkdir()
    done = world.run("import", file, before=("unshare", "--mount", "sh", "-c", f'mount -t tmpfs -o ro none "{home}" && exec "$@"', "sh"))
    assert done.returncode == 8 and "Read-only file system" in done.stderr, done.stderr


@pytest.mark.parametrize("change", [append, overwrite, truncate])
def test_a_file_that_changes_while_it_is_read(world, change):  # noqa: F811
    path = world.slow_model()
    running = world.start("import", path / "tiny", "--json")
    assert '"phase":"hashing"' in running.stdout.readline()
    change(path / "tiny")
    _, error = running.communicate(timeout=WAIT)
    assert running.returncode == 7 and "changed while it was read" in error, error
    assert kept(world) == []


def test_a_stop_and_a_kill_leave_nothing(world):  # noqa: F811
    path = world.slow_model(size=512 << 20)
    for end, status in ((signal.SIGINT, 130), (signal.SIGKILL, -9)):
        running = world.start("import", path / "tiny", "--json")
        assert '"phase":"hashing"' in running.stdout.readline()
        running.send_signal(end)
        running.communicate(timeout=WAIT)
        assert running.returncode == status
        assert kept(world) == []
    take(world, path / "tiny")


def test_kills_at_any_moment(world):  # noqa: F811
    """Before and after the model is in the store, and between: the next run finds it whole or begins anew."""
    file, data = put(world)
    dice = random.Random(3)
    for _ in range(8):
        running = world.start("import", file, "--copy")
        try:
            running.wait(timeout=dice.uniform(0, 0.15))
        except subprocess.TimeoutExpired:
            running.kill()
        running.communicate(timeout=WAIT)
        model = take(world, file)["hash"]
        assert (folder_of(world, model) / "model.gguf").read_bytes() == data
        assert world.run("check", "tiny").returncode == 0
        assert kept(world) == [f"models/{model}"]
        assert world.run("remove", "tiny").returncode == 0
        assert kept(world) == []

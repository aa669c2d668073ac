"""`eai model preserve` with what users give it by mistake, with files that change while it reads them, and with full
disks."""
import json
import os
import pathlib
import shutil

import pytest

from gguf_maker import gguf, write_gguf, write_lora
from preserve_world import EAI, PARTS, kubo, lighthouse, unpack, weights, world  # noqa: F401

NO_RIGHTS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")


def refuse(world, path, *words, status=2, **more):
    done = world.run("preserve", path, "--dry-run", *words, **more)
    assert done.returncode == status and done.stdout == "", done.stdout + done.stderr
    return done.stderr


# ---- the folder

def test_folders_that_are_no_models(world):
    assert "No such file" in refuse(world, world.folder / "nowhere", status=3)
    path, data = world.model()
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
    found = world.hash(path, "--dry-run")
    (path / "tiny").rename(outside / "model")
    (path / "tiny").symlink_to(outside / "model")
    assert world.hash(path, "--dry-run") == found, "a link stands for its file"
    (path / "more").symlink_to(outside)
    assert "more is a link" in refuse(world, path)


def test_what_is_no_ordinary_file(world):
    path, _ = world.model()
    (path / "tiny").unlink()
    os.mkfifo(path / "tiny")
    assert "neither a file nor a folder" in refuse(world, path)
    (path / "tiny").unlink()
    (path / "tiny").mkdir()
    assert "is empty" in refuse(world, path)


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
    assert "2 models" in refuse(world, path)
    # LLaVA's header states CLIP's own width; the last tensor is the one that leads into the model.
    for wide, last, fits in ((64, 7, True), (768, 64, True), (4096, 4096, False)):
        write_gguf(path / "tiny-projector", {"general.architecture": "clip", "clip.vision.projection_dim": wide},
                   {"v.weight": ((64,), "f32", None), "mm.2.weight": ((8, last), "f32", None)})
        done = world.run("preserve", path, "--dry-run")
        assert (done.returncode == 0) == fits, done.stderr
    assert "does not fit tiny" in done.stderr and "4096" in done.stderr and "64" in done.stderr


def test_a_model_that_is_one_of_several_files(world):
    path, _ = world.model()
    write_gguf(path / "tiny", {"general.architecture": "llama", "split.count": 2, "split.no": 0}, {"t": ((64,), "f32", None)})
    assert "lacks 1 of its 2 pieces: piece 2" in refuse(world, path)


def test_an_adapter_is_no_model(world):
    path, _ = world.model()
    write_lora(path / "tiny", "llama", 2, {"blk.0.attn_q.weight": (64, 64)})
    assert "is an adapter" in refuse(world, path)


def test_an_image_model_without_its_task(world):
    path, _ = world.model()
    (path / "tiny").unlink()
    (path / "model_index.json").write_text("{}")
    assert "--task image-generation" in refuse(world, path)


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
        assert done.returncode == 2 and "is not a home" in done.stderr
        assert "is not a home" in refuse(world, path, "--to", home)
    # A rehearsal refuses whatever the real run would refuse, except that it does not ask for keys.
    assert "takes at most" in refuse(world, path, "--to", "lighthouse", "--zip-chunk-size", 40_000)


def test_words_that_no_reader_would_take_are_refused_before_anything_is_sent(world):
    path, _ = world.model()
    for words in (("--hf-repo", "a\nb"), ("--hf-file", "x" * 2000), ("--config-name", "\x1b[31m")):
        done = world.run("preserve", path, *words, "--to", "car:x.car")
        assert done.returncode == 2 and "metadata" in done.stderr and done.stdout == "", done.stderr
        assert not list(world.folder.glob("x.car*")) and "stays up" not in done.stderr
        refuse(world, path, *words)


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

def on_small_disk(folder, size, after="true"):
    """Runs it where `folder` is a disk of its own, of that size, which only it sees; then runs the command `after`."""
    folder.mkdir(exist_ok=True)
    return ("unshare", "--mount", "sh", "-c", f'mount -t tmpfs -o size={size} none "{folder}" && "$@"; status=$?; {after}; exit $status', "sh")


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


def test_a_disk_that_what_is_packed_fits_on(world):
    path, data = world.model()
    (path / "tiny").write_bytes(data[:500_000] + bytes(len(data) - 500_000))
    done = world.run("preserve", path, "--to", "car:disk/m.car", before=on_small_disk(world.folder / "disk", "1m"))
    assert done.returncode == 0, done.stderr


def test_two_runs_write_no_car_together(world, lighthouse):
    path, _ = world.model()
    other, _ = world.model("other", seed=2)
    lighthouse.control(hold=["tiny.zip.part-aa"])
    words = ("--to", "lighthouse", "--to", "car:m.car")
    running = world.start("preserve", path, *words, environment=lighthouse.environment)
    lighthouse.wait_held()
    refused = world.run("preserve", other, "--to", "car:./m.car")
    assert refused.returncode == 7 and "being written by somebody else" in refused.stderr
    lighthouse.control()
    out, error = running.communicate(timeout=60)
    assert running.returncode == 0, error
    assert world.run("audit", out.splitlines()[-1], "--home", "car:m.car").returncode == 0
    assert "already exists" in world.run("preserve", other, "--to", "car:m.car").stderr
    assert not (world.folder / "m.car.unfinished").exists()


@pytest.mark.parametrize("form", ["archive", "unixfs"])
def test_the_store_on_another_disk(world, form):
    """Links do not work there: the store gets a copy, or nothing if a copy does not fit; the model is uploaded all the
    same."""
    path, _ = world.model()
    (path / "tiny-projector").write_bytes(gguf([("v.weight", weights(9, 2_000_000))], architecture="clip"))
    home = world.folder / "home"
    for size, told in (("64m", "In the local store by copy"), ("5m", "Not in the local store: copying")):
        (world.folder / "m.car").unlink(missing_ok=True)
        before = on_small_disk(home, size, after=f'find "{home}" -name "*.gguf"')
        done = world.run("preserve", path, *PARTS, "--format", form, "--to", "car:m.car", before=before)
        assert done.returncode == 0 and told in done.stderr, done.stderr
        left = [line for line in done.stdout.splitlines() if line.endswith(".gguf")]
        assert len(left) == (2 if size == "64m" else 0), "nothing half-taken"


def test_disk_full_while_a_car_is_written(world, kubo):
    path, data = world.model(size=4_191_000)
    disk = world.folder / "disk"
    assert len(data) < 4 << 20
    done = world.run("preserve", path, "--to", "car:disk/m.car", "--to", f"kubo:{kubo.api}", before=on_small_disk(disk, "4m"))
    assert done.returncode == 8 and "No space left" in done.stderr and "incomplete at car:disk/m.car" in done.stderr
    # The other home has it, and on a larger disk the same command succeeds.
    found = done.stdout.splitlines()[-1]
    assert unpack(json.loads(kubo.get(found)), kubo.get) == {"tiny/tiny": data}
    disk.mkdir(exist_ok=True)
    assert world.preserve(path, "--to", "car:disk/m.car", "--to", f"kubo:{kubo.api}")["hash"] == found


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

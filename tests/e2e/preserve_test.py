"""`eai model preserve`: what is uploaded, in both formats and with every option, to a real kubo and to a stand-in for
Lighthouse that adds through it."""
import contextlib
import fcntl
import hashlib
import json
import os
import pty
import re
import struct
import subprocess
import termios

import pytest

from flux import make_flux
from legacy import Gateway, cid_of
from preserve_world import kubo, lighthouse, unpack, weights, world  # noqa: F401
from gguf_maker import gguf, write_shape


def shell(command, folder):
    subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=folder, check=True)


def files_below(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_archive_through_lighthouse(world, kubo, lighthouse):
    path, data = world.model()
    found = world.hash("--folder-path", path, "--zip-chunk-size", 1, environment=lighthouse.environment)
    raw = kubo.get(found)
    assert raw == (world.folder / "tiny_metadata.json").read_bytes()
    metadata = json.loads(raw)
    assert [f["file_name"] for f in metadata["files"]] == [f"tiny.zip.part-a{x}" for x in "abcd"]
    assert metadata["chunk_size_mb"] == 1 and metadata["num_of_files"] == 4 and metadata["task"] == "chat"
    assert unpack(metadata, kubo.get) == {"tiny/tiny": data}
    assert not world.journals()
    # The same folder gives the same hash, and nothing has to be remembered from the first run.
    assert world.hash("--folder-path", path, "--zip-chunk-size", 1, environment=lighthouse.environment) == found


def test_what_lighthouse_is_asked(world, lighthouse):
    path, _ = world.model()
    for shape in ("plain", "data"):
        lighthouse.control(shape=shape)
        world.hash(path, "--zip-chunk-size", 1, environment=lighthouse.environment)
    asked = {(r["method"], r["path"]) for r in lighthouse.requests() if not r["path"] == "/log"}
    assert asked == {("GET", "/api/user/user_data_usage"), ("POST", "/api/v0/add?wrap-with-directory=false&cid-version=1")}


@pytest.mark.parametrize("program", ["gzip -dc", "pigz -dc"])
def test_the_original_scheme_reads_ours(world, kubo, program):
    path, data = world.model()
    projector = gguf([("v.weight", weights(9, 100_000))], architecture="clip")
    (path / "tiny-projector").write_bytes(projector)
    world.hash(path, "--to", f"kubo:{kubo.api}", "--zip-chunk-size", 1)
    parts = world.folder / "parts"
    parts.mkdir()
    for part in world.metadata()["files"]:
        (parts / part["file_name"]).write_bytes(kubo.get(part["cid"]))
    shell(f"mkdir out && cat parts/tiny.zip.part-* | {program} | tar x -C out", world.folder)
    assert files_below(world.folder / "out") == {"tiny/tiny": data, "tiny/tiny-projector": projector}


def test_ours_reads_the_original_scheme(world):
    path, data = world.model()
    shell("tar cf - tiny | pigz --best -p 2 | split -b 1M - tiny.zip.part-", world.folder)
    blocks, listed = {}, []
    for part in sorted(world.folder.glob("tiny.zip.part-*")):
        packed = part.read_bytes()
        blocks[cid_of(packed)] = packed
        listed.append({"cid": cid_of(packed), "file_hash": hashlib.sha256(packed).hexdigest(),
                       "size_mb": len(packed) / 2**20, "file_name": part.name})
    assert len(listed) == 4
    metadata = {"folder_name": "tiny", "chunk_size_mb": 1, "files": listed[::-1], "num_of_files": 4, "task": "chat", "ram": 1,
                "config_name": None, "hf_repo": None, "hf_file": None, "lora": False}
    document = json.dumps(metadata, indent=4).encode()
    blocks[cid_of(document)] = document
    with Gateway(blocks) as gateway:
        done = world.run("download", "--hash", cid_of(document), "--gateway", gateway.url, "--no-public-gateways")
        assert done.returncode == 0, done.stderr
    assert (world.folder / "home/models" / cid_of(document) / "model.gguf").read_bytes() == data


def test_download_from_kubos_gateway(world, kubo):
    path, data = world.model()
    found = world.hash("--folder-path", path, "--to", f"kubo:{kubo.api}", "--no-keep", "--zip-chunk-size", 1)
    shown = world.run("download", "--hash", found, "--gateway", kubo.gateway, "--no-public-gateways")
    assert shown.returncode == 0, shown.stderr
    assert (world.folder / "home/models" / found / "model.gguf").read_bytes() == data


@pytest.mark.parametrize("form", ["archive", "unixfs"])
def test_the_store_holds_no_second_copy(world, kubo, form):
    path, _ = world.model()
    os.chmod(path / "tiny", 0o640)
    found = world.hash("--folder-path", path, "--to", f"kubo:{kubo.api}", "--format", form)
    kept, own = (world.folder / "home/models" / found / "model.gguf").stat(), (path / "tiny").stat()
    assert (kept.st_ino, kept.st_dev) == (own.st_ino, own.st_dev)
    assert own.st_mode & 0o777 == 0o640, "the user's file keeps its mode"
    assert world.run("check", found).returncode == 0
    # It is listed at once, and running it takes no download.
    assert found in world.run("list", "--json").stdout


def test_no_keep(world, kubo):
    path, _ = world.model()
    world.hash(path, "--to", f"kubo:{kubo.api}", "--no-keep")
    assert not list(world.folder.glob("home/models/*"))


@pytest.mark.parametrize("layout", ["fixed", "tensor"])
def test_kubo_reads_both_layouts(world, kubo, layout):
    path, data = world.model(size=5_000_000)
    found = world.hash("--folder-path", path, "--format", "unixfs", "--layout", layout, "--to", f"kubo:{kubo.api}")
    entry = json.loads(kubo.get(found))["files"][0]
    assert entry["size"] == len(data) and entry["sha256"] == hashlib.sha256(data).hexdigest()
    assert kubo.get(entry["cid"]) == data
    assert {entry["cid"], found} <= kubo.pins()
    if layout == "fixed":
        ours = kubo.run("add", "-Q", "--only-hash", "--cid-version=1", "--raw-leaves", "--chunker=size-1048576",
                        "--max-file-links=1024", str(path / "tiny")).strip()
        assert entry["cid"] == ours


def test_unixfs_through_lighthouse(world, kubo, lighthouse):
    path, data = world.model()
    found = world.hash(path, "--format", "unixfs", environment=lighthouse.environment)
    assert [(u["name"], u["path"]) for u in lighthouse.log()] == [("tiny-0.car", "/api/v0/dag/import"),
                                                                 ("tiny-trees-0.car", "/api/v0/dag/import"),
                                                                 ("tiny_metadata.json", "/api/v0/add")]
    assert kubo.get(json.loads(kubo.get(found))["files"][0]["cid"]) == data


def test_the_trees_are_one_file_of_their_own(world, kubo):
    path, data = world.model()
    found = world.hash(path, "--format", "unixfs", "--to", f"kubo:{kubo.api}")
    metadata = json.loads(kubo.get(found))
    named = metadata["tree_car"]
    trees = kubo.get(named["cid"])
    assert (len(trees), hashlib.sha256(trees).hexdigest()) == (named["size"], named["sha256"])
    assert len(trees) < len(data) / 1000 and named["cid"] in kubo.pins()
    # Every inner block of the file is in it, and is kept with the model here.
    entry = metadata["files"][0]["cid"]
    inner = {entry, *(cid for cid in kubo.run("refs", "-r", "-u", entry).split() if cid.startswith("bafybei"))}
    kept = (world.folder / "home/models" / found / "trees/0.car").read_bytes()
    for cid in inner:
        block = kubo.block_file(cid).read_bytes()
        assert block in trees and block in kept
    assert world.run("check", found).returncode == 0


def test_an_archive_says_what_else_there_is(world):
    path, _ = world.model()
    suggestion = "With --format unixfs"
    assert suggestion in world.run("preserve", path, "--dry-run").stderr
    assert suggestion not in world.run("preserve", path, "--dry-run", "--format", "archive").stderr
    for quiet in ("--json", "-q"):
        done = world.run("preserve", path, "--dry-run", quiet)
        assert suggestion not in done.stderr + done.stdout


def test_a_longer_template_costs_kilobytes(world, kubo):
    path, _ = world.model(size=8_000_000)
    home = f"kubo:{kubo.api}"
    world.hash("--folder-path", path, "--format", "unixfs", "--to", home)
    world.model(size=8_000_000, template="x\nand a line more")
    dry = world.preserve(path, "--format", "unixfs", "--dry-run", "--to", home)
    assert 0 < dry["new_here"] < 20_000 and dry["new_at"][home] == dry["new_here"]
    shown = world.run("preserve", path, "--format", "unixfs", "--dry-run", "--to", home)
    assert "are in none of the models known here" in shown.stdout and f"new at {home}" in shown.stdout
    # The trees that were kept with the model tell its blocks: it is not read again.
    assert "to learn its blocks" not in shown.stderr and not list(world.folder.glob("home/preserve/blocks/*"))
    found = world.hash("--folder-path", path, "--format", "unixfs", "--to", home)
    entry = json.loads(kubo.get(found))["files"][0]
    assert hashlib.sha256(kubo.get(entry["cid"])).hexdigest() == entry["sha256"]


def test_a_dry_run_knows_the_models_of_the_store(world):
    """This includes models that were never cut into such blocks."""
    path, _ = world.model(size=8_000_000)
    world.hash(path, "--to", "car:x.car")
    world.model(size=8_000_000, template="x\nand a line more")
    assert world.preserve(path, "--format", "unixfs", "--dry-run")["new_here"] < 20_000
    assert world.preserve(path, "--format", "unixfs", "--layout", "fixed", "--dry-run")["new_here"] > 1_000_000
    assert world.preserve(path, "--dry-run")["new_here"] > 1_000_000


def test_a_dry_run_of_an_archive_tells_what_is_new(world, kubo):
    path, _ = world.model(seed=77)
    home = f"kubo:{kubo.api}"
    words = (path, "--zip-chunk-size", 1, "--to", home)
    before = world.preserve(*words, "--dry-run")
    assert before["new_here"] == before["new_at"][home] >= before["payload"]
    world.hash(*words)
    after = world.preserve(*words, "--dry-run")
    assert (after["new_here"], after["new_at"][home]) == (0, 0) and after["hash"] == before["hash"]


def test_car_holds_the_whole_model(world, kubo):
    path, data = world.model()
    found = world.hash("--folder-path", path, "--to", "car:model.car")
    kubo.run("dag", "import", "--pin-roots=false", str(world.folder / "model.car"))
    assert unpack(json.loads(kubo.get(found)), kubo.get) == {"tiny/tiny": data}
    assert "already exists" in world.run("preserve", path, "--to", "car:model.car").stderr


def test_homes_agree_and_follow_lighthouse(world, kubo, lighthouse):
    path, data = world.model()
    done = world.preserve(path, "--to", "lighthouse", "--to", f"kubo:{kubo.api}", "--to", "car:m.car", "--zip-chunk-size", 1,
                          environment=lighthouse.environment)
    assert done["profile"] == "kubo-v1" and done["failed"] == []
    assert unpack(json.loads(kubo.get(done["hash"])), kubo.get) == {"tiny/tiny": data}


def test_dry_run_sends_nothing(world, kubo, lighthouse):
    path, _ = world.model()
    before = sorted(os.listdir(world.folder))
    refs = kubo.rpc("refs/local")
    done = world.run("preserve", path, "--dry-run", "-q", environment=lighthouse.environment)
    assert done.returncode == 0 and done.stdout.startswith("bafkrei") and len(done.stdout.splitlines()) == 1
    for form in ("archive", "unixfs"):
        world.preserve(path, "--dry-run", "--format", form, "--to", "lighthouse", "--to", f"kubo:{kubo.api}", "--to", "car:x.car",
                       environment=lighthouse.environment)
    assert lighthouse.requests() == []
    assert kubo.rpc("refs/local") == refs
    assert sorted(os.listdir(world.folder)) == before
    # It works without a key as well: nobody is asked for one.
    assert world.run("preserve", path, "--dry-run", "-q").stdout == done.stdout


def test_every_option_reaches_the_metadata(world):
    path, _ = world.model(template="")
    world.hash("--folder-path", path, "--task", "embed", "--ram", "1.16", "--hf-repo", "Some/Model-GGUF", "--hf-file",
               "Model-Q8_0.gguf", "--zip-chunk-size", 2, "--threads", 1, "--max-retries", 3, "--config-name", "some-config",
               "--to", "car:x.car")
    metadata = world.metadata()
    kept = ("task", "ram", "hf_repo", "hf_file", "chunk_size_mb", "config_name", "lora", "num_of_files", "format")
    assert {k: metadata[k] for k in kept} == {
        "task": "embed", "ram": 1.16, "hf_repo": "Some/Model-GGUF", "hf_file": "Model-Q8_0.gguf", "chunk_size_mb": 2,
        "config_name": "some-config", "lora": False, "num_of_files": 2, "format": "archive"}
    # In the order of the original, with our fields after them.
    assert list(metadata) == ["folder_name", "chunk_size_mb", "files", "num_of_files", "task", "ram", "config_name", "hf_repo",
                              "hf_file", "lora", "format"]


def test_options_by_variable_and_file(world):
    path, _ = world.model()
    by_flag = world.hash(path, "--dry-run", "--zip-chunk-size", 1, "--ram", 2, "--hf-repo", "a/b")
    assert world.hash(path, "--dry-run", environment={"EAI_ZIP_CHUNK_SIZE": "1", "EAI_RAM": "2", "EAI_HF_REPO": "a/b"}) == by_flag
    settings = world.folder / "home/config"
    settings.mkdir(parents=True)
    (settings / "config.toml").write_text('[preserve]\nfolder_path = "tiny"\nzip_chunk_size = 1\nram = "2"\nhf_repo = "a/b"\n'
                                          "dry_run = true\n")
    assert world.hash() == by_flag


def test_the_hash_does_not_depend_on_threads_or_the_folders_state(world):
    path, _ = world.model()
    found = {world.hash(path, "--dry-run", "--threads", threads) for threads in (1, 2, 16)}
    os.utime(path / "tiny", (1, 1))
    os.chmod(path / "tiny", 0o600)
    found.add(world.hash(path, "--dry-run"))
    moved = world.folder / "elsewhere"
    moved.mkdir()
    path.rename(moved / "tiny")
    found.add(world.hash(moved / "tiny", "--dry-run"))
    assert len(found) == 1


def test_offline_a_model_goes_onto_a_disk_and_nowhere_else(world, kubo):
    path, data = world.model()
    found = world.hash(path, "--offline", "--to", "car:tiny.car")
    assert (world.folder / "tiny.car").stat().st_size > len(data) / 2 and world.metadata()["folder_name"] == "tiny"
    assert world.run("check", found).returncode == 0
    for homes, named in (((), "lighthouse"), (("--to", "car:other.car", "--to", f"kubo:{kubo.api}"), "kubo:http")):
        refused = world.run("preserve", path, "--offline", *homes)
        assert refused.returncode == 2 and named in refused.stderr and "car:" in refused.stderr, refused.stderr
    assert not (world.folder / "other.car").exists()


def test_progress_for_programs(world, lighthouse):
    path, data = world.model()
    parts = world.preserve(path, "--zip-chunk-size", 1, "--dry-run")["payload"]
    lighthouse.control(hold=["tiny_metadata.json"])
    running = world.start("preserve", path, "--zip-chunk-size", 1, "--json", environment=lighthouse.environment)
    lighthouse.wait_held()
    events = []
    # Until only the metadata is on its way.
    while not events or events[-1]["phase"] != "sending" or events[-1]["in_flight"] != 1 or events[-1]["to_send"] <= parts:
        events.append(json.loads(running.stdout.readline()))
    lighthouse.control()
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    last = json.loads(out.splitlines()[-1])
    seen = events[-1]
    assert seen["home"] == "lighthouse" and len(data) < seen["to_send"] == last["sent"] and "bytes_per_second" in seen
    assert seen["sent"] >= last["payload"] and seen["trouble"] == ""
    assert last["event"] == "preserved" and last["sent"] > last["payload"] >= len(data) == last["bytes"]


def test_progress_on_a_terminal(world, kubo, lighthouse):
    path, _ = world.model()
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
    lighthouse.control(hold=["tiny_metadata.json"])
    running = subprocess.Popen(world.command("preserve", path, "--to", "lighthouse", "--to", f"kubo:{kubo.api}"), cwd=world.folder,
                               env={**world.environment, **lighthouse.environment, "TERM": "xterm"}, stdout=subprocess.PIPE, stderr=slave)
    os.close(slave)
    lighthouse.wait_held()
    shown = b""
    # One line for each home, which the next two lines replace.
    while not re.search(rb"lighthouse .*1 in flight\r?\n\S*kubo:http.*\x1b\[1A\x1b\[J", shown, re.DOTALL):
        shown += os.read(master, 65536)
    assert b" of 3.50 MB" in shown
    lighthouse.control()
    with contextlib.suppress(OSError):  # the other side of the terminal is closed
        while os.read(master, 65536):
            pass
    os.close(master)
    assert running.wait(60) == 0 and running.stdout.read().decode().splitlines()[-1].startswith("bafkrei")


def test_progress_of_a_rehearsal(world):
    path = world.dense_model()
    done = world.run("preserve", path, "--dry-run", "--threads", 1, "--json")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    packing = [e for e in events if e["event"] == "progress"]
    assert packing and {e["phase"] for e in packing} <= {"packing", "sending"} and events[-1]["event"] == "dry_run"
    assert [e["done"] for e in packing] == sorted(e["done"] for e in packing) and "seconds_left" in packing[-1]
    people = world.run("preserve", path, "--dry-run", "--threads", 1)
    assert "packing dense: " in people.stderr and " of 537 MB" in people.stderr


def test_how_much_memory_it_takes_is_estimated(world):
    path = world.folder / "shape"
    path.mkdir()
    write_shape(path / "shape", blocks=4, kv_heads=2, head=128, vocabulary=1000)
    world.hash(path, "--to", "car:x.car")
    size = (path / "shape").stat().st_size
    keys_and_values = 4 * 2 * (128 + 128) * 2 * 32768
    needed = world.metadata("shape")["ram"] * 1e9
    assert size + keys_and_values < needed < 1.2 * (size + keys_and_values)
    assert f"ram: {needed / 1e9:.2f} GB" in world.run("preserve", path, "--dry-run").stderr


@pytest.mark.parametrize("form", ["archive", "unixfs"])
def test_an_image_model_in_several_folders(world, kubo, form):
    path = make_flux(world.folder / "flux", "--layout", "diffusers")
    (path / ".gitattributes").write_text("x")
    words = (path, "--task", "image-generation", "--config-name", "flux-schnell", "--format", form, "--to", f"kubo:{kubo.api}")
    done = world.run("preserve", *words)
    assert done.returncode == 0 and "it is a FLUX.1 model" in done.stderr and "1 hidden" in done.stderr, done.stderr
    files = {name: data for name, data in files_below(path).items() if name != ".gitattributes"}
    assert len(files) >= 3 and all("/" in name for name in files if name.endswith(".safetensors"))
    metadata = world.metadata("flux")
    weights_of = sum(len(data) for name, data in files.items() if name.endswith(".safetensors"))
    assert metadata["task"] == "image-generation" and metadata["config_name"] == "flux-schnell"
    assert 0 <= metadata["ram"] - weights_of / 1e9 < 0.02
    if form == "archive":
        assert unpack(metadata, kubo.get) == {f"flux/{name}": data for name, data in files.items()}
    else:
        assert {entry["file_name"]: kubo.get(entry["cid"]) for entry in metadata["files"]} == files
    found = done.stdout.splitlines()[-1]
    assert files_below(world.folder / "home/models" / found / "payload") == files
    assert world.run("check", found).returncode == 0


def test_an_image_model_that_could_not_draw_is_told(world):
    path = make_flux(world.folder / "flux", "--layout", "diffusers", "--without", "t5")
    done = world.run("preserve", path, "--task", "image-generation", "--dry-run")
    assert done.returncode == 0 and "could not draw with it" in done.stderr and "T5" in done.stderr


def test_hidden_and_other_files_stay_here(world, kubo):
    path, data = world.model()
    (path / ".git").write_text("x")
    (path / "README.md").write_text("x")
    done = world.run("preserve", path, "--to", f"kubo:{kubo.api}")
    assert "not sent: README.md" in done.stderr and ".git" in done.stderr
    assert unpack(world.metadata(), kubo.get) == {"tiny/tiny": data}

"""`eai model preserve` against a real kubo and a stand-in for Lighthouse that adds through it."""
import gzip
import hashlib
import io
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tarfile

import pytest

from gguf_maker import gguf
from peers import Kubo, Lighthouse

EAI = pathlib.Path(os.environ["EAI_BUILD"]) / "bin/eai"


def weights(seed, size):
    return random.Random(seed).randbytes(size)


@pytest.fixture(scope="module")
def kubo(tmp_path_factory):
    node = Kubo(tmp_path_factory.mktemp("kubo"))
    yield node
    node.stop()


@pytest.fixture
def lighthouse(kubo):
    service = Lighthouse(kubo)
    yield service
    service.stop()


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


class World:
    def __init__(self, folder):
        self.folder = folder
        self.environment = {"HOME": str(folder), "EAI_HOME": str(folder / "home"), "PATH": os.environ["PATH"]}

    def model(self, name="tiny", size=3_500_000, seed=1, template="x"):
        path = self.folder / name
        path.mkdir(exist_ok=True)
        data = gguf([(f"blk.{i}.weight", weights(seed * 100 + i, size // 4)) for i in range(4)], template)
        (path / name).write_bytes(data)
        return path, data

    def command(self, *words):
        return [str(EAI), "model", *map(str, words)]

    def run(self, *words, environment=None):
        return subprocess.run(self.command(*words), cwd=self.folder, env={**self.environment, **(environment or {})},
                              capture_output=True, text=True, timeout=120)

    def hash(self, *words, environment=None):
        done = self.run("preserve", *words, "-q", environment=environment)
        assert done.returncode == 0, done.stderr
        assert len(done.stdout.splitlines()) == 1
        return done.stdout.strip()

    def metadata(self, name="tiny"):
        return json.loads((self.folder / f"{name}_metadata.json").read_bytes())


def unpack(metadata, get):
    """As the Python tool does: parts by name, gunzip, untar."""
    parts = b""
    for part in sorted(metadata["files"], key=lambda f: f["file_name"]):
        data = get(part["cid"])
        assert hashlib.sha256(data).hexdigest() == part["file_hash"]
        assert part["size_mb"] * 2**20 == len(data)
        parts += data
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(parts))) as tar:
        return {m.name: tar.extractfile(m).read() for m in tar if m.isfile()}


def test_archive_through_lighthouse(world, kubo, lighthouse):
    path, data = world.model()
    found = world.hash("--folder-path", path, "--zip-chunk-size", 1, environment=lighthouse.environment)
    raw = kubo.get(found)
    assert raw == (world.folder / "tiny_metadata.json").read_bytes()
    metadata = json.loads(raw)
    assert [f["file_name"] for f in metadata["files"]] == ["tiny.zip.part-aa", "tiny.zip.part-ab", "tiny.zip.part-ac", "tiny.zip.part-ad"]
    assert metadata["chunk_size_mb"] == 1 and metadata["num_of_files"] == 4 and metadata["task"] == "chat"
    assert unpack(metadata, kubo.get) == {"tiny/tiny": data}
    # The same folder gives the same hash, and nothing had to be learned from the first run.
    assert world.hash("--folder-path", path, "--zip-chunk-size", 1, environment=lighthouse.environment) == found


def test_gunzip_and_pigz_read_it(world, kubo):
    path, data = world.model()
    world.hash("--folder-path", path, "--to", f"kubo:{kubo.api}")
    (world.folder / "all.gz").write_bytes(b"".join(kubo.get(f["cid"]) for f in world.metadata()["files"]))
    for program in ("gunzip", "pigz -d"):
        out = subprocess.run(f"{program} < all.gz | tar xOf - tiny/tiny", shell=True, cwd=world.folder, capture_output=True)
        assert out.stdout == data, program


def test_download_from_kubos_gateway(world, kubo):
    path, data = world.model()
    found = world.hash("--folder-path", path, "--to", f"kubo:{kubo.api}", "--no-keep", "--zip-chunk-size", 1)
    shown = world.run("download", "--hash", found, "--gateway", kubo.gateway, "--no-public-gateways")
    assert shown.returncode == 0, shown.stderr
    assert (world.folder / "home/models" / found / "model.gguf").read_bytes() == data


def test_the_store_holds_no_second_copy(world, kubo):
    path, _ = world.model()
    found = world.hash("--folder-path", path, "--to", f"kubo:{kubo.api}")
    kept = world.folder / "home/models" / found / "model.gguf"
    assert kept.stat().st_ino == (path / "tiny").stat().st_ino


@pytest.mark.parametrize("layout", ["fixed", "tensor"])
def test_kubo_reads_both_layouts(world, kubo, layout):
    path, data = world.model(size=5_000_000)
    found = world.hash("--folder-path", path, "--format", "unixfs", "--layout", layout, "--to", f"kubo:{kubo.api}")
    entry = json.loads(kubo.get(found))["files"][0]
    assert entry["size"] == len(data) and entry["sha256"] == hashlib.sha256(data).hexdigest()
    assert kubo.get(entry["cid"]) == data
    if layout == "fixed":
        ours = kubo.run("add", "-Q", "--only-hash", "--cid-version=1", "--raw-leaves", "--chunker=size-1048576",
                        "--max-file-links=1024", str(path / "tiny")).strip()
        assert entry["cid"] == ours


def test_a_longer_template_costs_kilobytes(world, kubo):
    path, _ = world.model(size=8_000_000)
    home = f"kubo:{kubo.api}"
    world.hash("--folder-path", path, "--format", "unixfs", "--to", home)
    world.model(size=8_000_000, template="x\nand a line more")
    dry = json.loads(world.run("preserve", path, "--format", "unixfs", "--dry-run", "--to", home, "--json").stdout.splitlines()[-1])
    assert 0 < dry["new_here"] < 20_000 and dry["new_at"][home] == dry["new_here"]
    found = world.hash("--folder-path", path, "--format", "unixfs", "--to", home)
    entry = json.loads(kubo.get(found))["files"][0]
    assert hashlib.sha256(kubo.get(entry["cid"])).hexdigest() == entry["sha256"]


def test_car_holds_the_whole_model(world, kubo):
    path, data = world.model()
    found = world.hash("--folder-path", path, "--to", "car:model.car")
    other = kubo.run("dag", "import", "--pin-roots=false", str(world.folder / "model.car"))
    assert "Imported" in other or "imported" in other.lower() or other == ""
    assert unpack(json.loads(kubo.get(found)), kubo.get) == {"tiny/tiny": data}
    assert "there already" in world.run("preserve", path, "--to", "car:model.car").stderr


def test_audit_finds_what_is_missing(world, kubo, lighthouse):
    path, _ = world.model(size=5_000_000)
    home = f"kubo:{kubo.api}"
    found = world.hash("--folder-path", path, "--format", "unixfs", "--to", home, "--to", "car:m.car")
    for place in (home, kubo.gateway, "car:m.car"):
        done = world.run("audit", found, "--home", place, "--samples", 5)
        assert done.returncode == 0 and "5 of" in done.stdout, done.stdout + done.stderr
    deals = world.run("audit", found, "--home", "lighthouse", "--json",
                      environment={**lighthouse.environment, "EAI_LIGHTHOUSE_GATEWAY": kubo.gateway})
    assert '"Active' in deals.stdout or "Active" in deals.stdout
    entry = world.metadata()["files"][0]["cid"]
    leaf = [line for line in kubo.run("refs", "-r", entry).split() if line.startswith("bafkrei")][0]
    kubo.run("pin", "rm", entry)
    kubo.run("block", "rm", leaf)
    done = world.run("audit", found, "--home", home, "--samples", 10000, "--max-retries", 0)
    assert done.returncode != 0 and leaf in done.stdout


def test_homes_agree_and_follow_lighthouse(world, kubo, lighthouse):
    path, data = world.model()
    found = world.hash("--folder-path", path, "--to", "lighthouse", "--to", f"kubo:{kubo.api}", "--to", "car:m.car",
                       "--zip-chunk-size", 1, environment=lighthouse.environment)
    assert unpack(json.loads(kubo.get(found)), kubo.get) == {"tiny/tiny": data}


def test_dry_run_sends_nothing(world, lighthouse):
    path, _ = world.model()
    before = sorted(os.listdir(world.folder))
    done = world.run("preserve", path, "--dry-run", "-q", environment=lighthouse.environment)
    assert done.returncode == 0 and done.stdout.startswith("bafkrei")
    assert lighthouse.log() == [] and sorted(os.listdir(world.folder)) == before


@pytest.mark.parametrize("faults", [["429", "500"], ["cut", "cut"], ["", "500", "", "429"]])
def test_trouble_that_passes(world, kubo, lighthouse, faults):
    path, data = world.model()
    lighthouse.control(faults=faults)
    found = world.hash("--folder-path", path, "--zip-chunk-size", 1, environment=lighthouse.environment)
    assert unpack(json.loads(kubo.get(found)), kubo.get) == {"tiny/tiny": data}


def test_a_service_that_hangs(world, lighthouse):
    path, _ = world.model()
    lighthouse.control(faults=["hang"] * 9)
    done = world.run("preserve", path, "--upload-timeout", 1, "--max-retries", 1, environment=lighthouse.environment)
    assert done.returncode != 0 and "after 2 tries" in done.stderr


def test_another_cid_is_an_error_that_says_so(world, lighthouse):
    path, _ = world.model()
    for faults in (["wrong"], ["", "wrong"]):
        lighthouse.control(faults=faults)
        done = world.run("preserve", path, "--zip-chunk-size", 1, environment=lighthouse.environment)
        assert done.returncode != 0
        assert "does not hold the bytes that were sent" in done.stderr, done.stderr


@pytest.mark.parametrize("after", [0, 1, 3])
def test_kill_and_go_on(world, lighthouse, after):
    path, _ = world.model()
    # The upload number `after` hangs; there the program is killed.
    lighthouse.control(faults=[""] * after + ["hang"] * 9)
    running = subprocess.Popen(world.command("preserve", path, "--zip-chunk-size", 1), cwd=world.folder,
                               env={**world.environment, **lighthouse.environment}, stderr=subprocess.DEVNULL)
    receipts = world.folder / "home/preserve"
    while running.poll() is None:
        lines = sum(len(f.read_text().splitlines()) for f in receipts.glob("*.receipts")) if receipts.exists() else 0
        if lines >= after and any(receipts.glob("*.receipts")):
            break
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert not list(receipts.glob("part.*")), "parts in flight vanish with the process"
    sent = [u["name"] for u in lighthouse.log()]
    lighthouse.control()
    world.hash("--folder-path", path, "--zip-chunk-size", 1, environment=lighthouse.environment)
    again = [u["name"] for u in lighthouse.log()][len(sent):]
    assert len(sent) >= after and not set(sent[:after]) & set(again)
    assert not list(receipts.glob("*.receipts"))


def test_interrupted_and_says_how_to_go_on(world, lighthouse):
    path, _ = world.model()
    lighthouse.control(faults=["hang"] * 9)
    running = subprocess.Popen(world.command("preserve", path), cwd=world.folder, text=True, stderr=subprocess.PIPE,
                               env={**world.environment, **lighthouse.environment})
    while not list(world.folder.glob("home/preserve/*.receipts")):
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    assert running.wait(20) == 130
    assert "goes on from there" in running.stderr.read()


def test_keys(world, lighthouse):
    path, _ = world.model()
    for key in (None, ""):
        environment = {k: v for k, v in lighthouse.environment.items() if k != "LIGHTHOUSE_API_KEY"}
        if key is not None:
            environment["LIGHTHOUSE_API_KEY"] = key
        done = world.run("preserve", path, environment=environment)
        assert done.returncode != 0 and "LIGHTHOUSE_API_KEY" in done.stderr
    done = world.run("preserve", path, environment={**lighthouse.environment, "LIGHTHOUSE_API_KEY": "a-wrong-key"})
    assert done.returncode != 0 and "refused" in done.stderr and "a-wrong-key" not in done.stderr + done.stdout


def test_quota(world, lighthouse):
    path, _ = world.model()
    lighthouse.control(quota=2000)
    done = world.run("preserve", path, environment=lighthouse.environment)
    assert done.returncode != 0 and "quota exceeded" in done.stderr and lighthouse.log() == []


def refuse(world, path, *words):
    done = world.run("preserve", path, "--dry-run", *words)
    assert done.returncode != 0 and done.stdout == ""
    return done.stderr


def test_folders_that_are_no_models(world):
    assert "No such file" in refuse(world, world.folder / "nowhere")
    path, _ = world.model()
    (path / "tiny").rename(path / "other.gguf")
    assert "mv " in refuse(world, path)
    shutil.rmtree(path)
    path.mkdir()
    assert "is empty" in refuse(world, path)
    (path / "tiny").write_bytes(b"hello" * 100)
    assert "GGUF" in refuse(world, path)
    (path / "tiny").unlink()
    (path / "tiny").symlink_to("/etc/passwd")
    assert "is a link" in refuse(world, path)
    assert "not a folder" in refuse(world, EAI)


def test_projector_must_be_one(world):
    path, data = world.model()
    (path / "tiny-projector").write_bytes(data)
    assert "not a projector" in refuse(world, path)


def test_options_out_of_range(world):
    path, _ = world.model()
    assert "--zip-chunk-size" in refuse(world, path, "--zip-chunk-size", "0")
    assert "--ram" in refuse(world, path, "--ram", "much")
    big = world.run("preserve", path, "--zip-chunk-size", 40_000, environment={"LIGHTHOUSE_API_KEY": "k"})
    assert big.returncode != 0 and "takes at most" in big.stderr


def test_hidden_and_other_files_stay_here(world, kubo):
    path, data = world.model()
    (path / ".git").write_text("x")
    (path / "README.md").write_text("x")
    done = world.run("preserve", path, "--to", f"kubo:{kubo.api}")
    assert "not sent: README.md" in done.stderr and ".git" in done.stderr
    assert unpack(world.metadata(), kubo.get) == {"tiny/tiny": data}


def test_a_file_that_changes_is_noticed(world, lighthouse):
    path, _ = world.model()
    lighthouse.control(faults=["hang"] * 9)
    running = subprocess.Popen(world.command("preserve", path, "--upload-timeout", 1, "--max-retries", 3), cwd=world.folder,
                               text=True, stderr=subprocess.PIPE, env={**world.environment, **lighthouse.environment})
    while not list(world.folder.glob("home/preserve/*.receipts")):
        assert running.poll() is None
    with open(path / "tiny", "r+b") as file:
        file.truncate(1000)
    lighthouse.control()
    assert running.wait(60) != 0
    assert "changed while it was read" in running.stderr.read()

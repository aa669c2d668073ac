"""What the tests of `eai model preserve` and `audit` share: a folder with a model, the program, and the peers."""
import ctypes
import gzip
import hashlib
import io
import json
import os
import pathlib
import random
import select
import subprocess
import tarfile

import pytest

from gguf_maker import gguf, gguf_header
from peers import Kubo, KuboBetween, Lighthouse, PinningService

EAI = pathlib.Path(os.environ["EAI_BUILD"]) / "bin/eai"
WAIT = 120
PARTS = ("--zip-chunk-size", 1)


def weights(seed, size):
    return random.Random(seed).randbytes(size)


class World:
    def __init__(self, folder):
        self.folder = folder
        self.environment = {"HOME": str(folder), "EAI_HOME": str(folder / "home"), "PATH": os.environ["PATH"]}

    def model(self, name="tiny", size=3_500_000, seed=1, template="x"):
        path = self.folder / name
        path.mkdir(exist_ok=True)
        data = gguf([(f"blk.{i}.weight", weights(seed * 100 + i, size // 4)) for i in range(4)], template=template)
        # A new file rather than other bytes in the same one, because the store may hold that under a second name.
        (path / name).unlink(missing_ok=True)
        (path / name).write_bytes(data)
        return path, data

    def slow_model(self, size=2 << 30):
        """A model that takes seconds to read and almost no space, because it is a hole."""
        path = self.folder / "tiny"
        path.mkdir()
        header = gguf_header([("t", size)])
        (path / "tiny").write_bytes(header)
        os.truncate(path / "tiny", len(header) + size)
        return path

    def dense_model(self, size=512 << 20):
        """A model that takes a single thread seconds to pack: of each number, one byte is noise and the other one of
        eight values."""
        pool = bytearray(2 << 20)
        pool[::2], pool[1::2] = os.urandom(1 << 20), os.urandom(1 << 20).translate(bytes(0x38 + i % 8 for i in range(256)))
        path = self.folder / "dense"
        path.mkdir()
        with open(path / "dense", "wb") as file:
            file.write(gguf_header([("t", size)]))
            for _ in range(size // len(pool)):
                file.write(pool)
        return path

    def command(self, *words):
        return [str(EAI), "model", *map(str, words)]

    def run(self, *words, environment=None, before=()):
        """`before`: a program, with its options, that runs it."""
        return subprocess.run([*before, *self.command(*words)], cwd=self.folder, env={**self.environment, **(environment or {})},
                              capture_output=True, text=True, timeout=WAIT)

    def start(self, *words, environment=None):
        return subprocess.Popen(self.command(*words), cwd=self.folder, env={**self.environment, **(environment or {})},
                                text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def preserve(self, *words, environment=None):
        """The last line that --json printed."""
        done = self.run("preserve", *words, "--json", environment=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def hash(self, *words, environment=None):
        done = self.run("preserve", *words, "-q", environment=environment)
        assert done.returncode == 0, done.stderr
        assert len(done.stdout.splitlines()) == 1
        return done.stdout.strip()

    def metadata(self, name="tiny"):
        return json.loads((self.folder / f"{name}_metadata.json").read_bytes())

    def journals(self):
        return list(self.folder.glob("home/preserve/*.receipts"))

    def receipts(self):
        """The CIDs of what is known to be uploaded."""
        lines = [json.loads(line) for journal in self.journals()
                 for line in journal.read_text().split("\n")[:-1]]  # the last line may still be incomplete
        return {line["cid"] for line in lines if "cid" in line}


def wait_for(condition, folder, process):
    """Waits until the condition holds or the process has ended, and returns whether it holds. The condition may change
    with whatever changes in the folder (inotify)."""
    libc, pid = ctypes.CDLL(None, use_errno=True), os.pidfd_open(process.pid)
    changes = libc.inotify_init1(os.O_CLOEXEC)
    modified, moved_to, created = 0x2, 0x80, 0x100
    assert libc.inotify_add_watch(changes, os.fsencode(folder), modified | moved_to | created) >= 0, os.strerror(ctypes.get_errno())
    poll = select.poll()
    poll.register(changes, select.POLLIN)
    poll.register(pid, select.POLLIN)
    try:
        while not (holds := condition()):
            ready = dict(poll.poll(WAIT * 1000))
            assert ready, "nothing happens"
            if pid in ready:
                return condition()
            os.read(changes, 65536)
        return holds
    finally:
        os.close(changes)
        os.close(pid)


def unpack(metadata, get):
    """Does as the Python tool does: sorts the parts by name, gunzips and untars them."""
    parts = b""
    for part in sorted(metadata["files"], key=lambda f: f["file_name"]):
        data = get(part["cid"])
        assert hashlib.sha256(data).hexdigest() == part["file_hash"]
        assert part["size_mb"] * 2**20 == len(data)
        parts += data
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(parts))) as tar:
        return {m.name: tar.extractfile(m).read() for m in tar if m.isfile()}


def node(tmp_path_factory, **more):
    kubo = Kubo(tmp_path_factory.mktemp("kubo"), **more)
    yield kubo
    kubo.stop()


@pytest.fixture(scope="module")
def kubo(tmp_path_factory):
    yield from node(tmp_path_factory)


@pytest.fixture(scope="module")
def open_kubo(tmp_path_factory):
    """A user's node that others can fetch from."""
    yield from node(tmp_path_factory, swarm=True)


@pytest.fixture(scope="module")
def service_kubo(tmp_path_factory):
    """The node of a pinning service."""
    yield from node(tmp_path_factory, swarm=True)


@pytest.fixture
def pinning(service_kubo):
    service = PinningService(service_kubo)
    yield service
    service.stop()


@pytest.fixture
def between(kubo):
    """A service that answers in the node's place and may change what the node says."""
    proxy = KuboBetween(kubo)
    yield proxy
    proxy.stop()


@pytest.fixture
def lighthouse(kubo):
    service = Lighthouse(kubo)
    yield service
    service.stop()


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)

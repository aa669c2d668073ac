"""Models of real size with random weights, and those who serve them: for measurements of loading and of speed.

The files are made once, in EAI_BENCH_MODELS or else beside the build (7.7 GB), with a store of eai that has them.
"""
import contextlib
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/e2e"))
from conftest import Eai, words_of  # noqa: E402
from gguf_maker import KINDS, write_shape  # noqa: E402

BUILD = pathlib.Path(os.environ["EAI_BUILD"])
ENGINE = BUILD / "libexec/eai/llama-server"
# The rivals' engine: the same one, unless a llama-server without our patches is named.
BARE = pathlib.Path(os.environ.get("EAI_BENCH_LLAMA_SERVER", ENGINE))
FOLDER = pathlib.Path(os.environ.get("EAI_BENCH_MODELS", BUILD.parent / "bench-models"))
BARE_CONTEXT = 4096

TEMPLATE = "{% for message in messages %}{{ message.content }} {% endfor %}"
# As Qwen3-1.7B, and as Mistral 7B.
SMALL = {"architecture": "qwen3", "blocks": 28, "width": 2048, "feed": 6144, "heads": 16, "kv_heads": 8, "head": 128,
         "vocabulary": 151936, "trained": 40960, "kind": "q8_0", "tied": True}
LARGE = {"architecture": "llama", "blocks": 32, "width": 4096, "feed": 14336, "heads": 32, "kv_heads": 8, "head": 128,
         "vocabulary": 32000, "trained": 32768, "kind": "q4_0"}
SHAPES = {"small-one": SMALL, "small-two": SMALL, "large-one": LARGE}


def tokenizer(vocabulary, seed):
    """A tokenizer by byte pairs whose merges are random, as large as a real one."""
    picks = random.Random(seed)
    shown = [b for b in range(256) if chr(b).isprintable() and b not in (0x20, 0xa0, 0xad)]
    tokens = [chr(b) for b in shown] + [chr(256 + i) for i in range(256 - len(shown))]
    letters = [token for token in tokens if token.isascii() and token.isalpha()]
    known, merges = set(tokens), []
    while len(tokens) < vocabulary:
        left, right = picks.choice(letters), picks.choice(letters)
        both = left + right
        if len(both) > 12 or both in known:
            continue
        known.add(both), tokens.append(both), letters.append(both)
        merges.append(f"{left} {right}")
    types = [3] * 3 + [1] * (vocabulary - 3)
    return {"model": "gpt2", "pre": "qwen2", "tokens": tokens, "token_type": types, "merges": merges}


def noise(seed):
    """Weights that no page of one file shares with the next one, and that keep a model's numbers finite."""
    picks = random.Random(seed)
    patterns = {}

    def of_kind(kind):
        if kind == "f32":
            return lambda file, size: file.write(struct.pack("<f", 1.0) * (size // 4))
        _, _, block = KINDS[kind]
        if kind not in patterns:
            pattern = bytearray(picks.randbytes(100_003 * block))
            scale = struct.pack("<e", 0.0003 if kind == "q8_0" else 0.004)
            pattern[0::block], pattern[1::block] = bytes([scale[0]]) * 100_003, bytes([scale[1]]) * 100_003
            patterns[kind] = memoryview(bytes(pattern))
        pattern = patterns[kind]

        def write(file, size):
            for at in range(0, size, len(pattern)):
                file.write(pattern[:min(len(pattern), size - at)])

        return write

    return of_kind


def models():
    """Makes what is missing; the GGUF files by name, and the hashes by which a home (the second value) has them."""
    home = FOLDER / "home"
    home.mkdir(parents=True, exist_ok=True)
    eai = Eai(home)
    for seed, (name, shape) in enumerate(SHAPES.items()):
        if (home / f"{name}.hash").exists():
            continue
        print(f"making {name}", file=sys.stderr)
        folder = home / "new" / name
        folder.mkdir(parents=True, exist_ok=True)
        write_shape(folder / name, weights=noise(seed), template=TEMPLATE, **shape, **tokenizer(shape["vocabulary"], seed))
        told = eai("model", "preserve", folder, "--to", f"car:{home}/{name}.car", "--format", "unixfs", "-q", cwd=home)
        (home / f"{name}.car").unlink()
        shutil.rmtree(home / "new")
        (home / f"{name}.hash").write_text(told.stdout.split()[-1])
    hashes = {name: (home / f"{name}.hash").read_text() for name in SHAPES}
    files = {name: home / "eai/models" / cid / "model.gguf" for name, cid in hashes.items()}
    return files, hashes, home


def warm(*files):
    """Reads files into the page cache."""
    for path in files:
        with open(path, "rb", buffering=0) as file:
            while file.read(1 << 24):
                pass


def quiet(limit=0.4):
    """Waits until the other programs of this machine leave it alone, for EAI_BENCH_PATIENCE seconds (30) at most."""
    def busy():
        fields = [int(word) for word in pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
        return sum(fields) - fields[3] - fields[4]

    ticks = os.sysconf("SC_CLK_TCK")
    for _ in range(int(os.environ.get("EAI_BENCH_PATIENCE", "30"))):
        before = busy()
        time.sleep(1)
        if (busy() - before) / ticks < limit:
            return
    print(f"other programs use {(busy() - before) / ticks:.1f} cores; such figures are worth little", file=sys.stderr)


def post(port, path, body, timeout=600):
    """The answer's JSON; a ConnectionError or RuntimeError if there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"HTTP {answer.status} {text[:300]!r}")
    return json.loads(text)


def chat(port, model, content="Hello", tokens=1, **more):
    return post(port, "/v1/chat/completions", {"model": model, "messages": [{"role": "user", "content": content}], "temperature": 0,
                                               "max_tokens": tokens, "ignore_eos": True, **more})


def anonymous(pid):
    """MiB of a process's anonymous memory."""
    return int(re.search(r"RssAnon:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) / 1024


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Bare:
    """llama-server as anybody would start it."""

    def __init__(self, words, log, engine=None):
        self.log = log.open("w+")
        self.process = subprocess.Popen([engine or BARE, *words, "--host", "127.0.0.1", "--port", "0", "--offline", "--no-ui"],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        env={"PATH": os.environ["PATH"], "HOME": str(log.parent)}, cwd=log.parent)
        while not (found := re.search(r"listening on http://127\.0\.0\.1:(\d+)", log.read_text())):
            assert self.process.poll() is None, log.read_text()[-1000:]
            time.sleep(0.002)
        self.port, self.pid = int(found.group(1)), self.process.pid

    def wait(self):
        """Until it is ready."""
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            connection.request("GET", "/health")
            status = connection.getresponse().status
            connection.close()
            if status == 200:
                return
            time.sleep(0.005)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


@contextlib.contextmanager
def bare(gguf, folder, *more, engine=None):
    """One model."""
    server = Bare(["--model", str(gguf), "--ctx-size", str(BARE_CONTEXT), *more], folder / "bare.log", engine)
    try:
        server.wait()
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def router(files, folder, context=BARE_CONTEXT):
    """llama-server's own router over `files`, {name: GGUF}, one of them at a time."""
    preset = folder / "preset.ini"
    preset.write_text("".join(f"[{name}]\nmodel = {gguf}\nctx-size = {context}\n\n" for name, gguf in files.items()))
    server = Bare(["--models-preset", str(preset), "--models-max", "1"], folder / "router.log")
    try:
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def served(home, hashes, *more):
    """eai over these models, the first one loaded; yields the port."""
    eai = Eai(home)
    server = eai.run("--hash", ",".join(hashes), "--offline", *more)
    try:
        yield int(server.url.rsplit(":", 1)[1])
    finally:
        eai.start("model", "stop").communicate()


def engines_of(home):
    """Process and words of each engine that eai runs."""
    pids = [int(record.read_text().split()[0]) for record in (home / "eai/run").glob("*.engine")]
    return {pid: words_of(pid) for pid in pids}

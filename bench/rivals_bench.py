"""How long a model of 1 GiB takes beside other ways to get the same bytes from the same nodes, in turns:

- from two kubo nodes: `eai model download` by their gateways (a UnixFS model), `ipfs get` by a third node that is connected
  to both, and `aria2c` by the gateways, which verifies nothing;
- from two nginx: `eai model download` of the UnixFS model and of an archive, `aria2c` with the UnixFS model's file, and the
  download code of the original Python tool with the archive.

Counted is the wall time from the command's start until the file is in its place. Bar: eai is faster than each. `aria2c` and
the original tool are rivals only if they are here: aria2c on PATH, EAI_BENCH_ORIGINAL=<folder with the package
crypto_models> and EAI_BENCH_ORIGINAL_PYTHON=<a Python that has what it imports>. EAI_BENCH_MIB, EAI_BENCH_ROUNDS: other
sizes.
"""
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "tests/e2e"))
import download_bench
import leaves_bench
from download_bench import BUILD, SIZE
from nginx import Nginx
from peers import Kubo

ROUNDS = int(os.environ.get("EAI_BENCH_ROUNDS", "3"))
ORIGINAL = """
import asyncio, pathlib, sys
from crypto_models import download
download.GATEWAY_URLS[:] = sys.argv[2:]
done = asyncio.run(download.download_model_from_filecoin_async(sys.argv[1], pathlib.Path("llms-storage")))
sys.exit(0 if done else 1)
"""


def timed(words, **more):
    start = time.monotonic()
    done = subprocess.run(list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    wall = time.monotonic() - start
    if done.returncode != 0:
        sys.exit(f"{words[0]} failed: {done.stdout[-2000:]}")
    return wall


def same(one, other):
    subprocess.run(["cmp", one, other], check=True)


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def ours(work, cid, urls, true):
    home = fresh(work / "home")
    wall = timed([BUILD / "bin/eai", "model", "download", cid],
                 env={**os.environ, "EAI_HOME": str(home), "EAI_GATEWAYS": ",".join(urls), "EAI_PUBLIC_GATEWAYS": "false"})
    same(home / "models" / cid / "model.gguf", true)
    return wall


def aria(work, file, urls, true):
    out = fresh(work / "aria")
    wall = timed(["aria2c", "-q", "--no-conf", "--file-allocation=none", "-x", "8", "-s", "16", "-k", "4M", "-d", out, "-o", "file",
                  *(f"{url}/ipfs/{file}" for url in urls)])
    same(out / "file", true)
    return wall


class Getter:
    """A kubo node with an empty store, which is made anew for each round."""

    def __init__(self, work, nodes):
        self.node = Kubo(fresh(work / "getter"), swarm=True)
        for one in nodes:
            address = json.loads(one.rpc("id"))["Addresses"][0]
            self.node.run("swarm", "connect", address)

    def get(self, work, file, true):
        out = work / "got"
        out.unlink(missing_ok=True)
        wall = timed([self.node.program, "get", "-o", out, file], env=self.node.environment)
        same(out, true)
        return wall


def ipfs_get(work, nodes, file, true):
    getter = Getter(work, nodes)
    try:
        return getter.get(work, file, true)
    finally:
        getter.node.stop()


def original(work, cid, urls, true):
    folder = fresh(work / "original")
    tools = {f"{name.upper()}_COMMAND": shutil.which(name) for name in ("tar", "pigz", "cat")}
    wall = timed([os.environ.get("EAI_BENCH_ORIGINAL_PYTHON", sys.executable), "-c", ORIGINAL, cid, *(f"{url}/ipfs/" for url in urls)],
                 cwd=folder, env={**os.environ, **tools, "PYTHONPATH": os.environ["EAI_BENCH_ORIGINAL"]})
    same(folder / f"llms-storage/{cid}.gguf", true)
    return wall


def in_turns(ways):
    """The median wall time of each; {name: function}."""
    walls = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            walls[name].append(way())
    return {name: statistics.median(times) for name, times in walls.items()}


def told(title, medians, pairs):
    """Whether eai was faster in all pairs of its name and a rival's."""
    print(f"{title}: " + ", ".join(f"{name} {wall:.2f} s" for name, wall in medians.items()))
    ratios = [(own, rival, medians[own] / medians[rival]) for own, rival in pairs if rival in medians]
    for own, rival, ratio in ratios:
        print(f"  {own}, compared with {rival}: {ratio:.2f} (bar: < 1)")
    return all(ratio < 1 for _, _, ratio in ratios)


def from_kubo(work, true, file, cid):
    nodes = []
    try:
        for name in ("one", "two"):
            nodes.append(Kubo(fresh(work / f"kubo-{name}"), swarm=True))
            nodes[-1].run("dag", "import", str(work / "all.car"))
        urls = [node.gateway for node in nodes]
        ways = {"eai": lambda: ours(work, cid, urls, true), "ipfs get": lambda: ipfs_get(work, nodes, file, true)}
        if shutil.which("aria2c"):
            ways["aria2c"] = lambda: aria(work, file, urls, true)
        return told("two kubo nodes", in_turns(ways), [("eai", "ipfs get"), ("eai", "aria2c")])
    finally:
        for node in nodes:
            node.stop()


def from_nginx(work, true, file, cid, archive):
    # The original tool wants the type of its metadata.
    servers = [Nginx(work / name, "root $kind; default_type application/json;",
                     f'map $args $kind {{ default {work}/files; "format=raw" {work}/blocks; }}') for name in ("one", "two")]
    try:
        urls = [server.url for server in servers]
        ways = {"eai": lambda: ours(work, cid, urls, true), "eai, archive": lambda: ours(work, archive, urls, true)}
        if shutil.which("aria2c"):
            ways["aria2c"] = lambda: aria(work, file, urls, true)
        if "EAI_BENCH_ORIGINAL" in os.environ:
            ways["the original tool"] = lambda: original(work, archive, urls, true)
        return told("two nginx", in_turns(ways), [("eai", "aria2c"), ("eai", "the original tool"), ("eai, archive", "the original tool")])
    finally:
        for server in servers:
            server.stop()


def main():
    with tempfile.TemporaryDirectory(prefix="eai-bench-") as folder:
        work = pathlib.Path(folder)
        (work / "archive").mkdir()
        archive, _ = download_bench.preserve(work / "archive")
        true = work / "archive/bench/bench"
        cid, file = leaves_bench.preserve(work, true)
        for block in (work / "archive/www/ipfs").iterdir():
            for kind in ("files", "blocks"):
                if not (work / kind / "ipfs" / block.name).exists():
                    os.link(block, work / kind / "ipfs" / block.name)
        (work / "files/ipfs" / cid).write_bytes((work / "blocks/ipfs" / cid).read_bytes())
        good = from_kubo(work, true, file, cid)
        good = from_nginx(work, true, file, cid, archive) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

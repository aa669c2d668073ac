#!/usr/bin/env python3
"""What preserving costs compared with what it replaces, in the same run and on the same cores.

- archive: `eai model preserve --dry-run` (packs, hashes, makes CIDs) against tar | pigz --best | split, for weights as
  Q8_0 has them and for bf16: wall time and size;
- unixfs: bytes hashed against `openssl speed sha256` times cores, and wall time against `ipfs add --only-hash`;
- memory and disk while parts go to a kubo node, and while nothing is sent;
- what a changed chat template costs in each format.

EAI_BENCH_GIB (default 2) is the size of the folder. Words choose what is measured (q8, upload, unixfs, bf16, template);
without any, everything is.
"""
import json
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))
from gguf_maker import gguf_header  # noqa: E402
from peers import Kubo, kubo_program  # noqa: E402

EAI = pathlib.Path(os.environ["EAI_BUILD"]).resolve() / "bin/eai"
SIZE = int(float(os.environ.get("EAI_BENCH_GIB", "2")) * 2**30)
CORES = len(os.sched_getaffinity(0))
missed = []


def q8_pool(size=4 << 20):
    """Blocks of 32 normal numbers scaled to one byte each, behind a scale of 16 bits. It repeats only far outside
    deflate's window of 32 KiB."""
    draw = random.Random(7).gauss
    out = bytearray()
    while len(out) < size:
        block = [draw(0, 0.02) for _ in range(32)]
        scale = max(map(abs, block)) / 127
        out += struct.pack("<e32b", scale, *(round(value / scale) for value in block))
    return bytes(out)


def bf16_pool(size=4 << 20):
    draw = random.Random(8).gauss
    return b"".join(struct.pack("<f", draw(0, 0.02))[2:] for _ in range(size // 2))


def make_model(folder, pool, size, template="x" * 500):
    name = folder.name
    folder.mkdir(exist_ok=True)
    tensor = 32 << 20
    count = size // tensor
    with open(folder / name, "wb") as file:
        file.write(gguf_header([(f"blk.{i}.weight", tensor) for i in range(count)], template))
        for i in range(count):
            # Each tensor begins at another place in the pool, so that no two are alike.
            at = i * 34567 % len(pool)
            data = (pool[at:] + pool * (tensor // len(pool) + 1))[:tensor]
            file.write(data)
    return folder / name


def parts_on_disk(pid):
    """Bytes of the parts in flight: files that have no name any more."""
    held = {}
    for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            if "/preserve/part." in os.readlink(link):
                info = link.stat()
                held[info.st_ino] = info.st_blocks * 512
        except OSError:
            pass  # closed in the meantime
    return sum(held.values())


def timed(command, **options):
    """Seconds, what it printed, its peak memory in MiB and its peak of parts_on_disk()."""
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **options)
    # Not from wait4, whose figure includes what Python itself held when it made the child.
    peak, disk, ended = 0, 0, threading.Event()

    def watch():
        nonlocal peak, disk
        while not ended.wait(0.1):
            try:
                status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
                disk = max(disk, parts_on_disk(process.pid))
            except OSError:
                return
            peak = max([peak, *(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))])

    watcher = threading.Thread(target=watch)
    watcher.start()
    out = process.stdout.read()
    status = process.wait()
    ended.set()
    watcher.join()
    assert status == 0, command
    return time.monotonic() - begin, out.decode(), peak / 1024, disk


def preserve(folder, home, *words):
    environment = {**os.environ, "EAI_HOME": str(home), "HOME": str(home)}
    wall, out, rss, disk = timed([EAI, "model", "preserve", folder, "--json", *words], env=environment, cwd=home)
    return wall, json.loads(out.splitlines()[-1]), rss, disk


def report(what, value, bar, good):
    print(f"{what}: {value}  (bar: {bar}){'' if good else '  MISSED'}", flush=True)
    if not good:
        missed.append(what)


def warm(path):
    subprocess.run(["cat", path], stdout=subprocess.DEVNULL, check=True)


def archive(kind, pool, work, times, grow):
    path = make_model(work / kind, pool, SIZE)
    warm(path)
    ours, outcome, rss, disk = preserve(path.parent, work, "--dry-run")
    parts = work / "parts"
    parts.mkdir()
    rival, *_ = timed(f"tar cf - {kind} | pigz --best -p {CORES} | split -b 512M - parts/x", shell=True, cwd=work)
    size = sum(p.stat().st_size for p in parts.iterdir())
    shutil.rmtree(parts)
    report(f"{kind} archive, wall", f"{rival / ours:.1f}x faster ({ours:.2f} s; tar | pigz --best | split {rival:.2f} s)",
           f">= {times}x", rival / ours >= times)
    change = outcome["payload"] / size - 1
    report(f"{kind} archive, size", f"{change:+.2%} ({outcome['stored'] / outcome['bytes']:.0%} stored)", f"<= +{grow:.0%}",
           change <= grow)
    report(f"{kind} archive, memory", f"{rss:.0f} MiB", "<= 64 MiB", rss <= 64)
    report(f"{kind} archive, disk of a dry run", f"{disk} bytes", "0", disk == 0)
    return path


def upload(pool, work):
    path = make_model(work / "upload", pool, SIZE)
    part = 64 << 20
    node = Kubo(work / "node")
    try:
        wall, outcome, rss, disk = preserve(path.parent, work, "--to", f"kubo:{node.api}", "--zip-chunk-size", str(part >> 20), "--no-keep")
    finally:
        node.stop()
    report("upload, disk", f"{disk / part:.2f} parts ({outcome['sent'] / wall / 1e6:.0f} MB/s to kubo)", "<= 2 parts and 1 MiB of journal",
           disk <= 2 * part + (1 << 20))
    report("upload, memory", f"{rss:.0f} MiB", "<= 64 MiB", rss <= 64)
    shutil.rmtree(work / "node")
    path.unlink()


def unixfs(path, work):
    warm(path)
    # The best of three for both, because a second of work is easily disturbed.
    ours, _, rss, _ = min((preserve(path.parent, work, "--dry-run", "--format", "unixfs", "--layout", "fixed") for _ in range(3)),
                       key=lambda run: run[0])
    _, out, *_ = timed(["openssl", "speed", "-mr", "-seconds", "2", "-bytes", "1048576", "sha256"])
    speed = float([line for line in out.splitlines() if line.startswith("+F")][-1].split(":")[-1])
    # Each byte is hashed twice: in its leaf, and for the file's own SHA-256.
    rate = 2 * path.stat().st_size / ours / (speed * CORES)
    report("unixfs, bytes hashed against openssl speed x cores", f"{rate:.2f} ({path.stat().st_size / ours / 1e9:.2f} GB/s of file)",
           ">= 0.9", rate >= 0.9)
    repository = {**os.environ, "IPFS_PATH": str(work / "ipfs")}
    program = kubo_program()
    subprocess.run([program, "init", "--profile=test"], env=repository, check=True, capture_output=True)
    rival, *_ = min(timed([program, "add", "-Q", "--only-hash", "--cid-version=1", "--raw-leaves", "--chunker=size-1048576",
                             "--max-file-links=1024", path], env=repository) for _ in range(3))
    report("unixfs, wall", f"{rival / ours:.2f}x faster than ipfs add --only-hash ({ours:.2f} s; {rival:.2f} s)", ">= 1x",
           rival >= ours)
    report("unixfs, memory", f"{rss:.0f} MiB", "<= 64 MiB", rss <= 64)


def changed_template(pool, work):
    folder = work / "model"
    path = make_model(folder, pool, 2**30)
    known = {}
    for layout in ("tensor", "fixed"):
        home = work / f"home-{layout}"
        home.mkdir()
        preserve(folder, home, "--format", "unixfs", "--layout", layout, "--to", f"car:{home}/x.car", "--no-keep")
        (home / "x.car").unlink()
        known[layout] = home
    before = {f["cid"] for f in preserve(folder, work, "--dry-run")[1]["files"]}
    make_model(folder, pool, 2**30, template="x" * 500 + "{{ one more line }}\n")
    fresh = {layout: preserve(folder, home, "--format", "unixfs", "--layout", layout, "--dry-run")[1]["new_here"]
             for layout, home in known.items()}
    parts = [f["bytes"] for f in preserve(folder, work, "--dry-run")[1]["files"] if f["cid"] not in before]
    report("a changed chat template of a model of 1 GiB, tensor layout", f"{fresh['tensor'] / 2**20:.2f} MiB new", "<= 2 MiB",
           fresh["tensor"] <= 2 << 20)
    print(f"  beside it: fixed layout {fresh['fixed'] / 2**20:.0f} MiB, archive {sum(parts) / 2**20:.0f} MiB")
    path.unlink()


def main():
    with tempfile.TemporaryDirectory(dir=os.environ.get("EAI_BENCH_FOLDER")) as folder:
        work = pathlib.Path(folder)
        chosen = set(sys.argv[1:]) or {"q8", "upload", "unixfs", "bf16", "template"}
        pool = q8_pool()
        if "q8" in chosen:
            archive("q8", pool, work, 10, 0.04).unlink()
        if "upload" in chosen:
            upload(pool, work)
        if "unixfs" in chosen:
            path = make_model(work / "unixfs", pool, SIZE)
            unixfs(path, work)
            path.unlink()
        if "bf16" in chosen:
            archive("bf16", bf16_pool(), work, 3, 0.05).unlink()
        if "template" in chosen:
            changed_template(pool, work)
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()

"""How fast a model arrives: 1 GiB of quantised weights in a container that pigz made, in parts as the Python tool cuts
them, from two local gateways (nginx) through `eai model download`, against

    curl part… | tee >(sha256sum) | igzip -dc | tar x

of the same bytes. The rivals take turns in one run; the figure is the ratio of the medians. Bars: wall time at most
1.15 of the pipe's; memory (peak RSS) at most 64 MiB; disk at its peak at most the model and the parts in flight
(three). EAI_BENCH_MIB, EAI_BENCH_PART_MIB: other sizes.
"""
import hashlib
import json
import os
import pathlib
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time

from nginx import Nginx

BUILD = pathlib.Path(os.environ["EAI_BUILD"])
SIZE = int(os.environ.get("EAI_BENCH_MIB", "1024")) << 20
PART = int(os.environ.get("EAI_BENCH_PART_MIB", "512")) << 20
ROUNDS = int(os.environ.get("EAI_BENCH_ROUNDS", "3"))


def base32_cid(digest):
    import base64

    return "b" + base64.b32encode(b"\x01\x55\x12\x20" + digest).decode().lower().rstrip("=")


def gguf_head(size):
    text = lambda s: struct.pack("<Q", len(s)) + s
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + text(b"general.architecture") + struct.pack("<I", 8) + text(b"llama")
    head += text(b"weight") + struct.pack("<IQIQ", 1, size, 24, 0)
    return head + bytes(-len(head) % 32)


def preserve(work):
    """The container: blocks named by CID under www/ipfs; gives the metadata's CID and the parts' in order."""
    folder, blocks = work / "bench", work / "www" / "ipfs"
    folder.mkdir()
    blocks.mkdir(parents=True)
    weights = work / "weights"
    subprocess.run([BUILD / "bin" / "content_bench", "weights", str(SIZE), weights], check=True)
    with open(folder / "bench", "wb") as model, open(weights, "rb") as source:
        model.write(gguf_head(SIZE))
        shutil.copyfileobj(source, model, 1 << 20)
    weights.unlink()
    subprocess.run(["bash", "-c", f"tar -cf - bench | pigz -6 | split -b {PART} - {work}/bench.zip.part-"], check=True, cwd=work)
    files = []
    for part in sorted(work.glob("bench.zip.part-*")):
        with open(part, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        cid = base32_cid(digest)
        files.append({"cid": cid, "file_hash": digest.hex(), "size_mb": part.stat().st_size / 2**20, "file_name": part.name})
        part.rename(blocks / cid)
    document = json.dumps({"folder_name": "bench", "chunk_size_mb": PART >> 20, "num_of_files": len(files), "task": "chat",
                           "files": files}).encode()
    cid = base32_cid(hashlib.sha256(document).digest())
    (blocks / cid).write_bytes(document)
    return cid, [entry["cid"] for entry in files]


class DiskWatch:
    """The most that a folder took while it was watched."""

    def __init__(self, folder):
        self.folder, self.peak, self.done = folder, 0, threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.done.wait(0.05):
            used = 0
            for path in self.folder.rglob("*"):
                try:
                    used += path.stat().st_blocks * 512 if path.is_file() else 0
                except OSError:
                    pass
            self.peak = max(self.peak, used)

    def stop(self):
        self.done.set()
        self.thread.join()
        return self.peak


def ours(work, cid, gateways):
    home = work / "home"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    environment = {**os.environ, "EAI_HOME": str(home), "EAI_GATEWAYS": ",".join(gateways), "EAI_PUBLIC_GATEWAYS": "false"}
    watch = DiskWatch(home)
    start = time.monotonic()
    process = subprocess.Popen([BUILD / "bin" / "eai", "model", "download", cid], env=environment,
                               stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    peak = watch.stop()
    if status != 0:
        sys.exit("the download failed")
    subprocess.run(["cmp", home / "models" / cid / "model.gguf", work / "bench" / "bench"], check=True)
    return wall, usage.ru_maxrss * 1024, peak, usage.ru_utime + usage.ru_stime


def pipe(work, parts, gateways):
    out = work / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    urls = " ".join(f"{gateways[i % len(gateways)]}/ipfs/{cid}" for i, cid in enumerate(parts))
    start = time.monotonic()
    subprocess.run(["bash", "-o", "pipefail", "-c",
                    f"curl -sS --fail {urls} | tee >(sha256sum > {out}.sum) | igzip -dc | tar -xf - -C {out}"], check=True)
    return time.monotonic() - start


def main():
    with tempfile.TemporaryDirectory(prefix="eai-bench-") as folder:
        work = pathlib.Path(folder)
        cid, parts = preserve(work)
        servers = [Nginx(work / name, f"root {work}/www;") for name in ("one", "two")]
        try:
            gateways = [server.url for server in servers]
            mine, theirs = [], []
            for _ in range(ROUNDS):
                mine.append(ours(work, cid, gateways))
                theirs.append(pipe(work, parts, gateways))
        finally:
            for server in servers:
                server.stop()
    wall = statistics.median(one[0] for one in mine)
    rival = statistics.median(theirs)
    memory = max(one[1] for one in mine)
    disk = max(one[2] for one in mine)
    allowed = SIZE + 3 * PART + (1 << 20)
    print(f"download: {SIZE / wall / 1e6:.0f} MB/s, curl | tee | igzip | tar {SIZE / rival / 1e6:.0f} MB/s, "
          f"wall ratio {wall / rival:.2f} (bar: <= 1.15)")
    print(f"  processor {statistics.median(one[3] for one in mine):.1f} s of {wall:.1f} s; the walls were "
          f"{' '.join(f'{one[0]:.1f}' for one in mine)} against {' '.join(f'{one:.1f}' for one in theirs)} s")
    print(f"  memory {memory / 2**20:.0f} MiB (bar: <= 64 MiB)")
    print(f"  disk at its peak {disk / 2**20:.0f} MiB, model and parts in flight {allowed / 2**20:.0f} MiB (bar: not more)")
    sys.exit(0 if wall <= 1.15 * rival and memory <= 64 << 20 and disk <= allowed else 1)


if __name__ == "__main__":
    main()

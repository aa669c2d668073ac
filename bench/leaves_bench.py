"""How fast a file arrives leaf by leaf: 1 GiB that does not compress, as a UnixFS tree, from one local web server (nginx)
that has the tree's blocks and the file, through `eai model download`, against

    curl file | tee out | openssl dgst -sha256

of the same bytes. The rivals take turns in one run; the figures are ratios of the medians. Bars: wall and CPU time (of
the client) at most 0.8 of the pipe's; memory (peak RSS) at most 64 MiB; disk at its peak at most the model and 1 %.
EAI_BENCH_MIB, EAI_BENCH_ROUNDS: other sizes.
"""
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from download_bench import BUILD, DiskWatch, gguf_head
from nginx import Nginx

SIZE = int(os.environ.get("EAI_BENCH_MIB", "1024")) << 20
ROUNDS = int(os.environ.get("EAI_BENCH_ROUNDS", "5"))


def varint(data, at):
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at


def unpack_car(car, blocks, keep=""):
    """The blocks that are no raw leaves, as files named by CID, and the block `keep`."""
    import base64

    with open(car, "rb") as file:
        data = file.read(16)
        length, start = varint(data, 0)
        at = start + length
        size = car.stat().st_size
        while at < size:
            file.seek(at)
            head = file.read(64)
            length, start = varint(head, 0)
            cid = head[start:start + 36]
            name = "b" + base64.b32encode(cid).decode().lower().rstrip("=")
            if cid[1] != 0x55 or length < (1 << 16) or name == keep:
                file.seek(at + start + 36)
                (blocks / name).write_bytes(file.read(length - 36))
            at += start + length


def preserve(work, ready=None):
    """The model as a web server has it, and as a CAR of all blocks; gives the metadata's CID and the file's. `ready`: the
    model's file, instead of a new one."""
    import json

    folder, blocks, files = work / "bench", work / "blocks/ipfs", work / "files/ipfs"
    for one in (folder, blocks, files):
        one.mkdir(parents=True)
    if ready:
        os.link(ready, folder / "bench")
    else:
        with open(folder / "bench", "wb") as model, open("/dev/urandom", "rb") as noise:
            model.write(gguf_head(SIZE))
            for _ in range(SIZE >> 20):
                model.write(noise.read(1 << 20))
    environment = {**os.environ, "EAI_HOME": str(work / "own")}
    out = subprocess.run([BUILD / "bin/eai", "model", "preserve", folder, "--format", "unixfs", "--to", f"car:{work}/all.car", "--no-keep",
                          "--json"], env=environment, check=True, stdout=subprocess.PIPE, text=True, cwd=work).stdout
    cid = json.loads(out.splitlines()[-1])["hash"]
    unpack_car(work / "all.car", blocks)
    file = json.loads((blocks / cid).read_bytes())["files"][0]["cid"]
    os.link(folder / "bench", files / file)
    return cid, file


def ours(work, cid, gateway):
    home = work / "home"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    environment = {**os.environ, "EAI_HOME": str(home), "EAI_GATEWAYS": gateway, "EAI_PUBLIC_GATEWAYS": "false"}
    watch = DiskWatch(home)
    start = time.monotonic()
    process = subprocess.Popen([BUILD / "bin/eai", "model", "download", cid], env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    disk = watch.stop()
    if status != 0:
        sys.exit("the download failed")
    subprocess.run(["cmp", home / "models" / cid / "model.gguf", work / "bench/bench"], check=True)
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, disk


def pipe(work, file, gateway):
    out = work / "out"
    out.unlink(missing_ok=True)
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(["bash", "-o", "pipefail", "-c", f"curl -sS --fail {gateway}/ipfs/{file} | tee {out} | openssl dgst -sha256"],
                   check=True, stdout=subprocess.DEVNULL)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    with tempfile.TemporaryDirectory(prefix="eai-bench-") as folder:
        work = pathlib.Path(folder)
        cid, file = preserve(work)
        (work / "all.car").unlink()
        server = Nginx(work / "nginx", "root $kind;",
                       f'map $args $kind {{ default {work}/files; "format=raw" {work}/blocks; }}')
        (work / "files/ipfs" / cid).write_bytes((work / "blocks/ipfs" / cid).read_bytes())
        try:
            mine, theirs = [], []
            for _ in range(ROUNDS):
                mine.append(ours(work, cid, server.url))
                theirs.append(pipe(work, file, server.url))
        finally:
            server.stop()
    wall, cpu = (statistics.median(one[i] for one in mine) for i in (0, 1))
    rival_wall, rival_cpu = (statistics.median(one[i] for one in theirs) for i in (0, 1))
    memory, disk = (max(one[i] for one in mine) for i in (2, 3))
    print(f"wall {wall:.2f} s, the pipe {rival_wall:.2f} s: ratio {wall / rival_wall:.2f} (bar: 0.8)")
    print(f"CPU {cpu:.2f} s, the pipe {rival_cpu:.2f} s: ratio {cpu / rival_cpu:.2f} (bar: 0.8)")
    print(f"memory {memory / 2**20:.0f} MiB (bar: 64); disk {disk / 2**20:.0f} of {SIZE >> 20} MiB (bar: and 1 %)")
    return 0 if wall <= 0.8 * rival_wall and cpu <= 0.8 * rival_cpu and memory <= 64 << 20 and disk <= SIZE * 1.01 else 1


if __name__ == "__main__":
    sys.exit(main())

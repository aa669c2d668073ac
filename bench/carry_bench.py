"""A model of 1 GiB on one machine, in turns:

- `eai model check`, the start of the program included, compared with `openssl speed` for SHA-256 on all cores just before;
- `eai model repair` of three damaged leaves: bytes fetched;
- `eai model export` to a CAR and `import` of it into an empty home, compared with `ipfs dag export` and `ipfs dag import`
  of the same blocks; peak memory of ours.

Bars: 0.9; 3 leaves; faster than kubo, 64 MiB. EAI_BENCH_MIB, EAI_BENCH_ROUNDS: other sizes.
"""
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "tests/e2e"))
import leaves_bench
from download_bench import BUILD, SIZE
from nginx import Nginx
from peers import Kubo

ROUNDS = int(os.environ.get("EAI_BENCH_ROUNDS", "3"))
CHECKS = 3 * ROUNDS  # of a third of a second each
MIB = 1 << 20


def eai(home, *words):
    """Its last event, the wall time, and its peak memory in MiB."""
    environment = {**os.environ, "EAI_HOME": str(home), "EAI_PUBLIC_GATEWAYS": "false"}
    start = time.monotonic()
    done = subprocess.run(["/usr/bin/time", "-f", "peak %M", BUILD / "bin/eai", "model", *map(str, words), "--json"], env=environment,
                          capture_output=True, text=True)
    wall = time.monotonic() - start
    if done.returncode != 0:
        sys.exit(f"eai model {words[0]} failed: {done.stderr[-2000:]}")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return events[-1] if events else {}, wall, int(re.search(r"peak (\d+)", done.stderr)[1]) / 1024


def sha256_speed():
    """Bytes per second of all cores together, in pieces of 1 MiB."""
    out = subprocess.run(["openssl", "speed", "-multi", str(os.cpu_count()), "-seconds", "1", "-bytes", str(MIB), "-evp", "sha256"],
                         check=True, capture_output=True, text=True).stdout
    return float(re.findall(r"sha256\s+([\d.]+)k", out, re.I)[-1]) * 1000


def spoil(file):
    with open(file, "r+b") as data:
        for part in (1, 2, 3):
            data.seek(SIZE * part // 4)
            data.write(b"damaged")


def kubo_carries(work, true_root, car):
    """Wall times of its export and of its import into an empty node."""
    node = Kubo(work / "kubo")
    try:
        start = time.monotonic()
        subprocess.run([node.program, "dag", "import", car], env=node.environment, check=True, capture_output=True)
        came = time.monotonic() - start
        start = time.monotonic()
        with open(work / "kubo.car", "wb") as out:
            subprocess.run([node.program, "dag", "export", true_root], env=node.environment, check=True, stdout=out, stderr=subprocess.DEVNULL)
        return time.monotonic() - start, came
    finally:
        node.stop()
        shutil.rmtree(work / "kubo")


def main():
    work = pathlib.Path(tempfile.mkdtemp(prefix="carry-"))
    nginx = None
    try:
        model, file = leaves_bench.preserve(work)
        nginx = Nginx(work / "nginx", "root $kind;", f'map $args $kind {{ default {work}/files; "format=raw" {work}/blocks; }}')
        (work / "files/ipfs" / model).write_bytes((work / "blocks/ipfs" / model).read_bytes())
        home = work / "home"
        eai(home, "download", model, "--gateway", nginx.url)
        stored = home / "models" / model / "model.gguf"
        checks, ours, theirs, peaks = [], [], [], []
        eai(home, "check", model)  # reads the file into memory
        for _ in range(CHECKS):
            speed = sha256_speed()
            _, wall, peak = eai(home, "check", model)
            checks.append(SIZE / wall / speed)
        for _ in range(ROUNDS):
            car = work / "model.car"
            car.unlink(missing_ok=True)
            _, went, first = eai(home, "export", model, "-o", car)
            shutil.rmtree(work / "other", ignore_errors=True)
            _, came, second = eai(work / "other", "import", car)
            ours.append((went, came))
            peaks.append(max(peak, first, second))
            theirs.append(kubo_carries(work, file, car))
        spoil(stored)
        repaired, wall, _ = eai(home, "repair", model, "--gateway", nginx.url)
    finally:
        if nginx:
            nginx.stop()
        shutil.rmtree(work)
    check = statistics.median(checks)
    went, came = (statistics.median(one[i] / other[i] for one, other in zip(ours, theirs)) for i in (0, 1))
    print(f"check: {check:.2f} of openssl's SHA-256 on {os.cpu_count()} cores (bar: 0.9)")
    print(f"repair of 3 leaves: {repaired['fetched'] / MIB:.1f} MiB fetched in {wall:.1f} s (bar: 3 leaves)")
    print(f"export: {went:.2f} of kubo's time, import: {came:.2f} (bar: < 1); peak memory {max(peaks):.0f} MiB (bar: 64)")
    return 0 if check >= 0.9 and repaired["fetched"] <= 3 * MIB and went < 1 and came < 1 and max(peaks) <= 64 else 1


if __name__ == "__main__":
    sys.exit(main())

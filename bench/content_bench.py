"""How fast bytes are verified and unpacked: SHA-256 against `openssl speed`, unpacking against `igzip -dc | tar x`.

The rivals take turns in one run, so that a busy machine hurts both; the figure is the ratio of the medians. Bars:
SHA-256 at least 0.95 of OpenSSL's own measurement, and unpacking at most 1.1 of the pipe's wall time (the pipe spreads
two processes over two cores, and does not check the length and the order of what it unpacks).
"""
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

PROGRAM = pathlib.Path(os.environ["EAI_BUILD"]) / "bin" / "content_bench"
SIZE = int(os.environ.get("EAI_BENCH_MIB", "512")) << 20
ROUNDS = 5


def shell(command, **more):
    subprocess.run(["bash", "-o", "pipefail", "-c", command], check=True, **more)


def openssl_sha256():
    out = subprocess.run(["openssl", "speed", "-mr", "-evp", "sha256", "-bytes", str(1 << 20), "-seconds", "2"],
                         check=True, capture_output=True, text=True).stdout
    return float(re.search(r"^\+F:.*:([0-9.]+)$", out, re.M).group(1))


def our_sha256():
    return float(subprocess.run([PROGRAM, "sha256", "2"], check=True, capture_output=True, text=True).stdout)


def sha256():
    pairs = [(our_sha256(), openssl_sha256()) for _ in range(ROUNDS)]
    ours, theirs = (statistics.median(column) for column in zip(*pairs))
    print(f"sha256: {ours / 1e6:.0f} MB/s, openssl speed {theirs / 1e6:.0f} MB/s, ratio {ours / theirs:.2f} (bar: >= 0.95)")
    return ours / theirs >= 0.95


def seconds(action, out):
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    start = time.monotonic()
    action()
    return time.monotonic() - start


def unpack(title, work, pack):
    model = work / "model"
    for old in work.glob("part-*"):
        old.unlink()
    shell(f"tar -cf - model | {pack} | split -b 64M - part-", cwd=work)
    parts = sorted(work.glob("part-*"))
    out = work / "out"

    def ours():
        subprocess.run([PROGRAM, "unpack", "model", out, *parts], check=True)

    def pipe():
        shell(f"cat part-* | igzip -dc | tar -xf - -C {out}", cwd=work)

    times = []
    for _ in range(ROUNDS):
        mine = seconds(ours, out)
        shell(f"cmp {out}/model {model}/model")
        times.append((mine, seconds(pipe, out)))
    mine, theirs = (statistics.median(column) for column in zip(*times))
    print(f"unpack {title}: {SIZE / mine / 1e6:.0f} MB/s, igzip -dc | tar x {SIZE / theirs / 1e6:.0f} MB/s, "
          f"wall ratio {mine / theirs:.2f} (bar: <= 1.1)")
    return mine / theirs <= 1.1


def main():
    with tempfile.TemporaryDirectory(prefix="eai-bench-") as folder:
        work = pathlib.Path(folder)
        (work / "model").mkdir()
        subprocess.run([PROGRAM, "weights", str(SIZE), work / "model" / "model"], check=True)
        good = [sha256(), unpack("pigz's weights", work, "pigz -6"), unpack("stored", work, "igzip -0")]
    sys.exit(0 if all(good) else 1)


main()

"""A model of 1 GiB given on by `eai model seed`, compared with nginx, which gives the same bytes as files:

- as raw leaves, four at a time on kept connections;
- as one CAR;
- as one range of the file.

Each leaf is hashed when it is given the first time; the figures are of later times, the first one is told beside them.
Then 100 clients that hardly read: memory for each. Bars: 0.8 of nginx's speed; 128 KiB a connection. EAI_BENCH_MIB,
EAI_BENCH_ROUNDS (default 5).
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "tests/e2e"))
import leaves_bench
from carry_bench import eai
from download_bench import BUILD, SIZE
from nginx import Nginx, free_port

ROUNDS = int(os.environ.get("EAI_BENCH_ROUNDS", "5"))
SLOW = 100


class Seed:
    def __init__(self, home, model):
        environment = {**os.environ, "EAI_HOME": str(home), "XDG_RUNTIME_DIR": str(home)}
        self.process = subprocess.Popen([BUILD / "bin/eai", "model", "seed", model, "--share-port", "0", "--json"], env=environment,
                                        stdout=subprocess.PIPE, text=True)
        self.url = json.loads(self.process.stdout.readline())["url"]

    def memory(self):
        """KiB that are its own."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status[status.index("RssAnon:") + 8:].split()[0])

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.communicate()


def seconds(*words):
    begun = time.monotonic()
    subprocess.run(["curl", "-sSf", *map(str, words)], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - begun


def leaves(work, urls):
    listed = work / "urls"
    listed.write_text("".join(f'url = "{url}"\noutput = "/dev/null"\n' for url in urls))
    return seconds("--no-progress-meter", "--parallel", "--parallel-max", 4, "-K", listed)


def slow_readers(url, path):
    """Connections on which an answer has begun and is hardly read."""
    host, port = url.removeprefix("http://").split(":")
    out = []
    for _ in range(SLOW):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((host, int(port)))
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        connection.recv(100)
        out.append(connection)
    return out


def main():
    work = pathlib.Path(tempfile.mkdtemp(prefix="give-"))
    nginx = seed = None
    try:
        model, root = leaves_bench.preserve(work)
        home = work / "home"
        eai(home, "import", work / "all.car")
        eai(home, "export", model, "-o", work / "files/model.car")
        (work / "given").mkdir()
        eai(home, "export", model, "-o", f"{work}/given/ipfs/")
        nginx = Nginx(work / "nginx", "root $kind;", f'map $args $kind {{ default {work}/files; "format=raw" {work}/given; }}')
        cids = [p.name for p in (work / "given/ipfs").iterdir() if p.name.startswith("bafkrei") and p.name != model]
        seed = Seed(home, model)
        kinds = {
            "raw leaves": lambda url: leaves(work, [f"{url}/ipfs/{cid}?format=raw" for cid in cids]),
            "a CAR": lambda url: seconds(f"{url}/ipfs/{root}?format=car" if url == seed.url else f"{url}/model.car"),
            "a range of the file": lambda url: seconds("-r", f"7-{SIZE - 1}", f"{url}/ipfs/{root}"),
        }
        first = kinds["raw leaves"](seed.url)
        good = True
        for name, take in kinds.items():
            ratios, ours = [], []
            for _ in range(ROUNDS):
                rival = take(nginx.url)
                ours.append(take(seed.url))
                ratios.append(rival / ours[-1])
            ratio = statistics.median(ratios)
            good = good and ratio >= 0.8
            print(f"{name}: {SIZE / statistics.median(ours) / 1e9:.2f} GB/s, {ratio:.2f} of nginx's speed (bar: 0.8)")
        print(f"raw leaves for the first time, each hashed: {SIZE / first / 1e9:.2f} GB/s")
        before = seed.memory()
        held = slow_readers(seed.url, f"/ipfs/{root}")
        time.sleep(1)
        each = (seed.memory() - before) / SLOW
        for connection in held:
            connection.close()
        print(f"{SLOW} slow readers: {each:.0f} KiB each (bar: 128); memory of its own before: {before / 1024:.1f} MiB")
        good = good and each <= 128
    finally:
        for one in (seed, nginx):
            if one:
                one.stop()
        shutil.rmtree(work)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

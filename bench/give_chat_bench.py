"""What it costs a chat that the same server gives a model on: 200 clients that hardly read, and 8 that take CARs one
after the other as fast as they get them.

The engine answers at once, so that what is measured is the server. Rounds with and without takers are interleaved; the
takers run with the lowest priority, since in life they run on other machines. Bars: first event p99 + 1 ms; no request
refused. EAI_BENCH_ROUNDS (default 5), EAI_BENCH_REQUESTS, EAI_BENCH_MIB (of the model; default 512).
"""
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

os.environ.setdefault("EAI_BENCH_MIB", "512")
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "tests/e2e"))
import give_bench
import leaves_bench
import relay_bench
from carry_bench import eai

ROUNDS = int(os.environ.get("EAI_BENCH_ROUNDS", "5"))
REQUESTS = int(os.environ.get("EAI_BENCH_REQUESTS", "3000"))
CARS = 8
give_bench.SLOW = 200


class Server(relay_bench.Server):
    def eai(self, *words):
        more = ("--share", self.shared, "--share-port", str(self.share_port)) if "run" in words else ()
        return super().eai(*words, *more)

    def __init__(self, folder, shared, share_port):
        self.shared, self.share_port = shared, share_port
        super().__init__(folder)


def takers(url, root):
    loop = f'while :; do curl -sf -o /dev/null "{url}/ipfs/{root}?format=car&car-dups=y" || exit; done'
    return [subprocess.Popen(["nice", "-n", "19", "sh", "-c", loop], start_new_session=True) for _ in range(CARS)]


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="give-"))
    server = None
    try:
        model, root = leaves_bench.preserve(folder)
        eai(folder / "home", "import", folder / "all.car")
        port = give_bench.free_port()
        server = Server(folder / "home", model, port)
        url = f"http://127.0.0.1:{port}"
        subprocess.run(["curl", "-sSf", "--retry", "20", "--retry-connrefused", "--retry-delay", "1", "-o", "/dev/null", f"{url}/ipfs/{root}"],
                       check=True)  # proven, from here on
        alone, beside = [], []
        for _ in range(ROUNDS):
            alone.append(relay_bench.load(server.port, 1, REQUESTS, "stream")["p99"])
            slow = give_bench.slow_readers(url, f"/ipfs/{root}")
            fast = takers(url, root)
            beside.append(relay_bench.load(server.port, 1, REQUESTS, "stream")["p99"])
            assert all(one.poll() is None for one in fast), "a taker was refused"
            for one in fast:
                os.killpg(one.pid, 9)
                one.wait()
            for one in slow:
                one.close()
    finally:
        if server:
            server.stop()
        shutil.rmtree(folder)
    added = statistics.median(beside) - statistics.median(alone)
    print(f"first event p99: {statistics.median(alone):.2f} ms alone, {statistics.median(beside):.2f} ms while {give_bench.SLOW} slow readers "
          f"and {CARS} CARs run: + {added:.2f} ms (bar: 1); none refused")
    return 0 if added <= 1 else 1


if __name__ == "__main__":
    sys.exit(main())

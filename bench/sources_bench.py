"""How well several sources are used: a file of 1 GiB from three local servers that send 25 MB/s each, over however many
connections (capped_server.py), through `eai model download`; then with one that flips a bit, and with one that sends
nothing more once it has sent 99 % of its third, and keeps its connections. The physical limit is what the servers may send.

Counted: the file's bytes over the whole wall time of the command, from its start to the model in its place. Bars: at
least 0.92 of what three send. With a liar, which is left for good after its first wrong leaf, at least 0.95 of the clean
run's share of what can still be sent: its own bytes up to the lie, and then two servers. With one that stalls at the
end: at least 0.95 of the clean run's rate, and what it owed is asked for elsewhere within 5 s. A flipped bit costs at most
one leaf and what the sockets held, 16 MiB.
EAI_BENCH_MIB, EAI_BENCH_RATE (bytes per second), EAI_BENCH_ROUNDS: other sizes.
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

from leaves_bench import BUILD, preserve, SIZE

RATE = int(os.environ.get("EAI_BENCH_RATE", "25000000"))
ROUNDS = int(os.environ.get("EAI_BENCH_ROUNDS", "3"))
SCRIPT = pathlib.Path(__file__).parent / "capped_server.py"


class Capped:
    def __init__(self, work, name, *more):
        self.log = work / f"{name}.log"
        self.process = subprocess.Popen([sys.executable, SCRIPT, "--files", work / "files", "--blocks", work / "blocks", "--rate", str(RATE),
                                         "--log", self.log, *map(str, more)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()

    def lines(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def stop(self):
        self.process.communicate()


def run(work, cid, faults):
    """Wall time, and what the servers noted; the first has the faults."""
    servers = [Capped(work, "one", *faults), Capped(work, "two"), Capped(work, "three")]
    home = work / "home"
    shutil.rmtree(home, ignore_errors=True)
    try:
        environment = {**os.environ, "EAI_HOME": str(home), "EAI_GATEWAYS": ",".join(one.url for one in servers),
                       "EAI_PUBLIC_GATEWAYS": "false"}
        start = time.monotonic()
        out = subprocess.run([BUILD / "bin/eai", "model", "download", cid, "--json"], env=environment, check=True, stdout=subprocess.PIPE,
                             text=True).stdout
        wall = time.monotonic() - start
        subprocess.run(["cmp", home / "models" / cid / "model.gguf", work / "bench/bench"], check=True)
    finally:
        for one in servers:
            one.stop()
    last = [json.loads(line) for line in out.splitlines() if '"progress"' in line][-1]
    given = {source["name"]: source["bytes"] for source in last["sources"]}
    return wall, [given.get(one.url.removeprefix("http://"), 0) for one in servers], [one.lines() for one in servers]


def time_to_others(logs):
    """The most seconds from a stall until somebody else was asked for what did not come."""
    waits = []
    for stall in (line for line in logs[0] if "stalled" in line):
        asked = [line["begun"] - stall["stalled"] for log in logs[1:] for line in log if "begun" in line and line["begin"] <= stall["at"] < line["end"]
                 and not line["path"].endswith("raw")]
        waits.append(max(0, min(asked, default=float("inf"))))
    return max(waits)


def main():
    with tempfile.TemporaryDirectory(prefix="eai-bench-") as folder:
        work = pathlib.Path(folder)
        cid, _ = preserve(work)
        (work / "all.car").unlink()
        (work / "files/ipfs" / cid).write_bytes((work / "blocks/ipfs" / cid).read_bytes())
        total = (work / "bench/bench").stat().st_size
        late, middle = total // 3 * 99 // 100, total // 2
        clean, lied, stalled, waits = [], [], [], []
        for _ in range(ROUNDS):
            clean.append(total / run(work, cid, ())[0] / RATE)
            wall, given, _ = run(work, cid, ("--flip", middle))
            # What could be sent: the liar's proven bytes beside as much from each of the others, then two at a time.
            best = given[0] / RATE + (total - 3 * given[0]) / (2 * RATE)
            lied.append(best / wall)
            wall, _, logs = run(work, cid, ("--stall", late))
            stalled.append(total / wall / RATE)
            waits.append(time_to_others(logs))
    usual, with_liar, with_stall = map(statistics.median, (clean, lied, stalled))
    print(f"three sources: {usual:.2f} times what one sends, {usual / 3:.3f} of the three (bar: 0.92)")
    print(f"  one flips a bit: {with_liar:.3f} of what the rest can send, {with_liar / (usual / 3):.3f} of the clean run's share (bar: 0.95)")
    print(f"  one stalls at 99 %: {with_stall / usual:.3f} of the clean run (bar: 0.95); asked elsewhere after at most {max(waits):.1f} s (bar: 5)")
    print(f"  all: {[f'{one:.2f}' for one in clean]} {[f'{one:.3f}' for one in lied]} {[f'{one:.2f}' for one in stalled]}")
    return 0 if usual / 3 >= 0.92 and with_liar / (usual / 3) >= 0.95 and with_stall / usual >= 0.95 and max(waits) <= 5 else 1


if __name__ == "__main__":
    sys.exit(main())

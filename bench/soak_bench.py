"""10,000 random requests for three models of which two fit, with clients that leave and 100 engines that are killed.

Bars: no wrong answer, no cut stream except those of killed engines, no process, socket or descriptor left behind, and
memory that does not grow. Usage: soak_bench.py [requests [kills]]
"""
import pathlib
import shutil
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "tests/e2e"))
from conftest import Eai  # noqa: E402
from soak import Soak  # noqa: E402


def main():
    requests, kills = [*map(int, sys.argv[1:]), *(10_000, 100)[len(sys.argv) - 1:]]
    home = pathlib.Path(tempfile.mkdtemp(prefix="soak-"))
    eai = Eai(home)
    try:
        eai.copy_chat("second-chat")
        soak = Soak(eai.run("eai-demo,second-chat,eai-demo-embed", "--max-models", "2"), home, seed=1)
        soak.learn()
        soak.run(200, 0)  # warm
        before, begun = soak.descriptors(), time.monotonic()
        memory = soak.run(requests, kills)
        after, left = soak.descriptors(), soak.leftovers()
        states = eai.states()
    finally:
        eai.start("model", "stop").communicate()
        shutil.rmtree(home)
    for fault in soak.faults[:20]:
        print("fault:", *fault)
    print(f"{requests} requests in {time.monotonic() - begun:.0f} s, {sum(m['starts'] for m in states.values())} starts, "
          f"{dict(soak.counts)}")
    print(f"{len(soak.faults)} wrong answers, cut streams and other faults; left over: {left}; descriptors "
          f"{sum(before.values())} -> {sum(after.values())}; server's memory {memory[0]:.1f} -> {memory[1]:.1f} MB")
    flat = memory[1] < memory[0] * 1.1 + 1 and sum(after.values()) <= sum(before.values()) + 20
    return 0 if not soak.faults and flat and left == {"strangers": [], "sockets": 0, "records": 0} else 1


if __name__ == "__main__":
    sys.exit(main())

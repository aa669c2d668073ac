"""Mixed load on models of real size: 4 clients ask for one of two models of which one is loaded at a time, eai beside
llama-server's own router.

Both models have the shape of Qwen3-1.7B in Q8_0 (1.83 GB). Each client asks for one of them at random and waits for the
answer; both rivals get the same sequences, in turns, another one in each round; the figures are medians. Bars: fewer
switches and a shorter longest wait. EAI_BENCH_LLAMA_SERVER names the rival's engine. EAI_BENCH_ROUNDS (default 5).
"""
import concurrent.futures
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from real_size import BUILD, Eai, chat, models, quiet, router, served, warm  # noqa: E402

ROUNDS, CLIENTS, REQUESTS, TOKENS = int(os.environ.get("EAI_BENCH_ROUNDS", "5")), 4, 12, 16
NAMES = ("small-one", "small-two")


def mixed(port, names, seed):
    """The longest wait and the whole time, in seconds, and how many requests had no answer."""
    picks = random.Random(seed)
    wants = [[names[picks.randrange(2)] for _ in range(REQUESTS)] for _ in range(CLIENTS)]

    def client(number):
        waits, lost = [], 0
        for index, name in enumerate(wants[number]):
            begun = time.perf_counter()
            try:
                chat(port, name, f"Question {number} {index}", TOKENS)
            except (RuntimeError, OSError):
                lost += 1
            waits.append(time.perf_counter() - begun)
        return max(waits), lost

    begun = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        told = list(pool.map(client, range(CLIENTS)))
    return max(wait for wait, _ in told), time.perf_counter() - begun, sum(lost for _, lost in told)


def ours(home, hashes, seed):
    def starts():
        told = subprocess.run([BUILD / "bin/eai", "model", "status", "--json"], env=Eai(home).environment, check=True, capture_output=True)
        return sum(model["starts"] for model in json.loads(told.stdout)["models"])

    with served(home, [hashes[name] for name in NAMES], "--max-models", "1") as port:
        for name in (NAMES[1], NAMES[0]):
            chat(port, hashes[name])
        before = starts()
        figures = mixed(port, [hashes[name] for name in NAMES], seed)
        return starts() - before, *figures


def theirs(files, folder, seed):
    log = folder / "router.log"
    with router({name: files[name] for name in NAMES}, folder) as server:
        for name in (NAMES[1], NAMES[0]):
            chat(server.port, name)
        before = log.read_text().count("spawning server instance")
        figures = mixed(server.port, NAMES, seed)
        return log.read_text().count("spawning server instance") - before, *figures


def main():
    files, hashes, home = models()
    seen = {"eai": [], "llama-server's router": []}
    with tempfile.TemporaryDirectory(prefix="eai-") as temporary:
        for seed in range(ROUNDS):
            warm(*(files[name] for name in NAMES))
            quiet()
            seen["eai"].append(ours(home, hashes, seed))
            quiet()
            seen["llama-server's router"].append(theirs(files, pathlib.Path(temporary), seed))
            print({who: [round(value, 1) for value in rows[-1]] for who, rows in seen.items()}, file=sys.stderr)
    middle = {who: [statistics.median(column) for column in zip(*rows)] for who, rows in seen.items()}
    for who, (switches, longest, whole, lost) in middle.items():
        print(f"{who}: {switches:.0f} switches, longest wait {longest:.1f} s, {CLIENTS * REQUESTS} requests in {whole:.1f} s, "
              f"{lost:.0f} without an answer")
    us, them = middle.values()
    print(f"switches {us[0] / max(1, them[0]):.2f}, longest wait {us[1] / them[1]:.2f} (bars: < 1, < 1)")
    return 0 if us[0] < them[0] and us[1] < them[1] and us[3] == 0 else 1


sys.exit(main())

"""How fast a model of real size answers through eai as shipped, beside a bare llama-server with a context of 4096 tokens:
tokens per second of one stream and of four at once, and the first token after a new prompt.

The model has the shape of Qwen3-1.7B in Q8_0. Both are started anew in each round, because a process keeps for its life
whatever memory it happened to get, and with it up to 8 % of its speed; within a round they take turns every few seconds,
because the machine's own speed changes as much within a minute. The figures are medians over the rounds of the ratio
within a round. Bar: within 2 % of the bare engine. EAI_BENCH_LLAMA_SERVER names the rival's engine. EAI_BENCH_ROUNDS
(default 9, of most of a minute), EAI_BENCH_TOKENS (32).
"""
import concurrent.futures
import contextlib
import os
import pathlib
import random
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from real_size import bare, models, post, quiet, served, warm  # noqa: E402

ROUNDS, TOKENS = int(os.environ.get("EAI_BENCH_ROUNDS", "9")), int(os.environ.get("EAI_BENCH_TOKENS", "32"))
NAME, STREAMS, PROMPT, TURNS, BAR = "small-one", 4, 256, 3, 0.98
PICKS = random.Random(5)


def complete(place, prompt, tokens):
    port, model = place
    begun = time.perf_counter()
    told = post(port, "/v1/completions", {"model": model, "prompt": prompt, "max_tokens": tokens, "ignore_eos": True,
                                          "temperature": 0, "cache_prompt": False})
    return time.perf_counter() - begun, told


def one(place):
    return complete(place, [300, 400, 500, 600], TOKENS)[1]["timings"]["predicted_per_second"]


def four(place):
    begun = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(STREAMS) as pool:
        list(pool.map(lambda i: complete(place, [300, 400, 500, 600 + i], TOKENS), range(STREAMS)))
    return STREAMS * TOKENS / (time.perf_counter() - begun)


def new_prompt(place):
    """Prompts per second."""
    return 1 / complete(place, [PICKS.randrange(300, 100_000) for _ in range(PROMPT)], 1)[0]


def round_of(places, rows):
    """Of each row, what both reach: the median of their turns."""
    for place in places:
        one(place)  # what only the first answer costs
    reached = []
    for measure, _ in rows.values():
        values = [], []
        for turn in range(TURNS):
            for side in (0, 1) if turn % 2 == 0 else (1, 0):
                quiet()
                values[side].append(measure(places[side]))
        reached.append([statistics.median(side) for side in values])
    return reached


def main():
    files, hashes, home = models()
    warm(files[NAME])
    rows = {"one stream": (one, "tokens/s"), f"{STREAMS} streams": (four, "tokens/s"),
            f"prompt of {PROMPT} tokens": (new_prompt, "first tokens/s")}
    rounds = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory(prefix="eai-") as folder, contextlib.ExitStack() as both:
            def ours():
                return both.enter_context(served(home, [hashes[NAME]])), hashes[NAME]

            def theirs():
                return both.enter_context(bare(files[NAME], pathlib.Path(folder))).port, NAME

            if len(rounds) % 2 == 0:
                places = ours(), theirs()
            else:
                places = tuple(reversed((theirs(), ours())))
            rounds.append(round_of(places, rows))
    good = True
    for row, (name, (_, unit)) in enumerate(rows.items()):
        ratios = sorted(values[row][0] / values[row][1] for values in rounds)
        ours, theirs = (statistics.median(values[row][side] for values in rounds) for side in (0, 1))
        ratio = statistics.median(ratios)
        good = good and ratio >= BAR
        print(f"{name}: eai {ours:.2f} {unit}, bare llama-server {theirs:.2f}, ratio {ratio:.3f} "
              f"({ratios[0]:.2f} to {ratios[-1]:.2f}; bar: >= {BAR})")
    return 0 if good else 1


sys.exit(main())

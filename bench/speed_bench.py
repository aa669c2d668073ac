"""How fast a model of real size answers through eai as shipped, beside a bare llama-server with a context of 4096 tokens:
tokens per second of one stream and of four at once, and the first token after a new prompt.

The model has the shape of Qwen3-1.7B in Q8_0. Both are started anew in each round, in changing order, because a process
keeps for its life whatever memory it happened to get, and with it up to 8 % of its speed; the figures are medians. Bar:
within 2 % of the bare engine. EAI_BENCH_LLAMA_SERVER names the rival's engine. EAI_BENCH_ROUNDS (default 9, of a minute),
EAI_BENCH_TOKENS (32).
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
NAME, STREAMS, PROMPT, BAR = "small-one", 4, 256, 0.98
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


@contextlib.contextmanager
def eai(home, model, _):
    with served(home, [model]) as port:
        yield port, model


@contextlib.contextmanager
def rival(_, model, gguf):
    with tempfile.TemporaryDirectory(prefix="eai-") as folder, bare(gguf, pathlib.Path(folder)) as server:
        yield server.port, model


def main():
    files, hashes, home = models()
    warm(files[NAME])
    rows = {"one stream": (one, "tokens/s"), f"{STREAMS} streams": (four, "tokens/s"),
            f"prompt of {PROMPT} tokens": (new_prompt, "first tokens/s")}
    seen = {(side, name): [] for side in (eai, rival) for name in rows}
    for round_ in range(ROUNDS):
        for side in (eai, rival) if round_ % 2 == 0 else (rival, eai):
            with side(home, hashes[NAME], files[NAME]) as place:
                one(place)  # what only the first answer costs
                for name, (measure, _) in rows.items():
                    quiet()
                    seen[side, name].append(measure(place))
    good = True
    for name, (_, unit) in rows.items():
        ours, theirs = (statistics.median(seen[side, name]) for side in (eai, rival))
        good = good and ours >= BAR * theirs
        print(f"{name}: eai {ours:.2f} {unit}, bare llama-server {theirs:.2f}, ratio {ours / theirs:.3f} (bar: >= {BAR})")
    return 0 if good else 1


sys.exit(main())

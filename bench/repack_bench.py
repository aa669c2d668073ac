"""What repacked weights cost and give: a model of 4 GB in Q4_0 (the shape of Mistral 7B), eai as shipped beside a bare
llama-server, which repacks while it loads.

The page cache is warm, and the rivals take turns; the figures are medians. Bars: the first token after a switch to the
model comes in at most 0.6 of the time that the bare engine needs from its start; a long answer, once weights are
repacked, is within 2 % of the bare engine's speed. The first answer of eai's engine, in which it repacks, is told, too.
EAI_BENCH_ROUNDS (default 5), EAI_BENCH_TOKENS (48).
"""
import os
import pathlib
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from real_size import anonymous, bare, chat, engines_of, models, post, quiet, served, warm  # noqa: E402

ROUNDS, TOKENS = int(os.environ.get("EAI_BENCH_ROUNDS", "5")), int(os.environ.get("EAI_BENCH_TOKENS", "48"))
SMALL, LARGE = "small-one", "large-one"
FIRST_BAR, SPEED_BAR = 0.6, 0.98


def speed(port, model):
    told = post(port, "/v1/completions", {"model": model, "prompt": [300, 400, 500], "max_tokens": TOKENS, "ignore_eos": True,
                                          "temperature": 0, "cache_prompt": False})
    return told["timings"]["predicted_per_second"]


def of_eai(home, hashes, seen):
    with served(home, [hashes[SMALL], hashes[LARGE]], "--max-models", "1") as port:
        chat(port, hashes[SMALL])
        begun = time.perf_counter()
        chat(port, hashes[LARGE])
        seen["eai first"].append(time.perf_counter() - begun)
        engine, = engines_of(home)
        seen["eai memory"].append(anonymous(engine))
        seen["eai answer that repacks"].append(speed(port, hashes[LARGE]))
        speed(port, hashes[LARGE])
        seen["eai speed"].append(speed(port, hashes[LARGE]))


def of_bare(files, folder, seen):
    begun = time.perf_counter()
    with bare(files[LARGE], folder) as server:
        chat(server.port, LARGE)
        seen["bare first"].append(time.perf_counter() - begun)
        seen["bare memory"].append(anonymous(server.pid))
        speed(server.port, LARGE)
        seen["bare speed"].append(speed(server.port, LARGE))


def main():
    files, hashes, home = models()
    names = ("first", "memory", "answer that repacks", "speed")
    seen = {f"{who} {name}": [] for who in ("eai", "bare") for name in names}
    with tempfile.TemporaryDirectory(prefix="eai-") as temporary:
        for _ in range(ROUNDS):
            for rival in (lambda: of_eai(home, hashes, seen), lambda: of_bare(files, pathlib.Path(temporary), seen)):
                warm(files[SMALL], files[LARGE])
                quiet()
                rival()
            print({name: round(values[-1], 2) for name, values in seen.items() if values}, file=sys.stderr)
    middle = {name: statistics.median(values) for name, values in seen.items() if values}
    first, steady = middle["eai first"] / middle["bare first"], middle["eai speed"] / middle["bare speed"]
    print(f"first token: eai after a switch {middle['eai first']:.2f} s, bare llama-server {middle['bare first']:.2f} s, "
          f"ratio {first:.2f} (bar: <= {FIRST_BAR}); anonymous memory then {middle['eai memory']:.0f} and "
          f"{middle['bare memory']:.0f} MiB")
    print(f"{TOKENS} tokens: eai {middle['eai speed']:.2f} tokens/s, bare {middle['bare speed']:.2f}, ratio {steady:.3f} "
          f"(bar: >= {SPEED_BAR}); eai's first answer {middle['eai answer that repacks']:.2f}")
    return 0 if first <= FIRST_BAR and steady >= SPEED_BAR else 1


sys.exit(main())

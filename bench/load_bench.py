"""How long people wait for the first token of a model of real size, and the memory that it then takes: eai as shipped,
beside a bare llama-server with a context of 4096 tokens, and llama-server's own router.

The models have the shape of Qwen3-1.7B in Q8_0 (1.83 GB), the page cache is warm, and the rivals take turns; the
figures are medians. EAI_BENCH_LLAMA_SERVER names the rivals' engine, for one that lacks our patches. Bars: a cold start
(from the command to the end of a chat of one token) takes at most 0.75 of the bare engine's time, it and a switch (from
one model to the other, of which one is loaded) take at most 0.65 of the router's; an engine's anonymous memory is at
most 150 MiB after its start, and at most the bare engine's after a conversation of 2000 tokens. EAI_BENCH_ROUNDS
(default 5), EAI_BENCH_TALK=0 leaves the conversation out.
"""
import os
import pathlib
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from real_size import anonymous, bare, chat, cpu_seconds, engines_of, models, quiet, router, served, warm  # noqa: E402

ROUNDS = int(os.environ.get("EAI_BENCH_ROUNDS", "5"))
TALK = os.environ.get("EAI_BENCH_TALK", "1") != "0"
NAMES = ("small-one", "small-two")
SWITCHES = ((NAMES[1], "Hello"), (NAMES[0], "Good day"))  # always a new conversation
LONG = " ".join(f"sentence {i} tells of peers" for i in range(76))  # 1965 tokens


def talk(port, model):
    """A conversation of about 2000 tokens; how many they were."""
    told = chat(port, model, LONG, 60)
    return told["usage"]["total_tokens"]


def timed(action):
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


class Figures:
    def __init__(self):
        self.all = {}

    def add(self, name, value):
        self.all.setdefault(name, []).append(value)

    def median(self, name):
        return statistics.median(self.all[name])


def of_bare(files, folder, figures):
    begun = time.perf_counter()
    with bare(files["small-one"], folder) as server:
        chat(server.port, "small-one")
        figures.add("bare cold", time.perf_counter() - begun)
        figures.add("bare cpu", cpu_seconds(server.pid))
        figures.add("bare memory", anonymous(server.pid))
        if TALK and "bare talk" not in figures.all:
            talk(server.port, "small-one")
            figures.add("bare talk", anonymous(server.pid))


def of_router(files, folder, figures):
    begun = time.perf_counter()
    with router({name: files[name] for name in NAMES}, folder) as server:
        chat(server.port, NAMES[0])
        figures.add("router cold", time.perf_counter() - begun)
        for name, content in SWITCHES:
            figures.add("router switch", timed(lambda model=name, words=content: chat(server.port, model, words)))


def of_eai(hashes, home, figures):
    begun = time.perf_counter()
    with served(home, [hashes[name] for name in NAMES], "--max-models", "1") as port:
        chat(port, hashes[NAMES[0]])
        figures.add("eai cold", time.perf_counter() - begun)
        engine, = engines_of(home)
        figures.add("eai cpu", cpu_seconds(engine))
        figures.add("eai memory", anonymous(engine))
        if TALK and "eai talk" not in figures.all:
            talk(port, hashes[NAMES[0]])
            figures.add("eai talk", anonymous(engine))
        for name, content in SWITCHES:
            figures.add("eai switch", timed(lambda model=name, words=content: chat(port, hashes[model], words)))


def main():
    files, hashes, home = models()
    figures = Figures()
    with tempfile.TemporaryDirectory(prefix="eai-") as temporary:
        folder = pathlib.Path(temporary)
        for _ in range(ROUNDS):
            warm(*(files[name] for name in NAMES))
            for rival in (lambda: of_bare(files, folder, figures), lambda: of_router(files, folder, figures),
                          lambda: of_eai(hashes, home, figures)):
                quiet()
                rival()
            print({name: round(values[-1], 2) for name, values in figures.all.items()}, file=sys.stderr)
    for name, values in figures.all.items():
        unit = "MiB" if "memory" in name or "talk" in name else "s"
        print(f"  {name}: {figures.median(name):.2f} {unit} ({min(values):.2f} to {max(values):.2f}, n = {len(values)})")
    bars = [("cold start, of the bare engine's", figures.median("eai cold") / figures.median("bare cold"), 0.75),
            ("cold start, of the router's", figures.median("eai cold") / figures.median("router cold"), 0.65),
            ("switch, of the router's", figures.median("eai switch") / figures.median("router switch"), 0.65),
            ("MiB after the start", figures.median("eai memory"), 150)]
    if TALK:
        bars.append(("memory after a conversation, of the bare engine's", figures.median("eai talk") / figures.median("bare talk"), 1))
    for name, value, bar in bars:
        print(f"{name}: {value:.2f} (bar: {bar})")
    return 0 if all(value <= bar for _, value, bar in bars) else 1


sys.exit(main())

"""Two models that answer at the same time on the same cores: through eai, against two llama-servers started bare.

An engine's threads wait for each other many times per token. Left to themselves they spin while they wait, so that two
engines keep the cores from each other. The rivals take turns in one run, each model first alone and then both at once;
the figures are medians of tokens per second, as the engine reports them. How badly two bare engines spin depends on the
scheduler (3 to 17 tokens per second were seen), hence the low bars: alone at least 0.9 of the bare engine, together at
least 1.2 times as fast. The model has the shape of one with half a billion parameters, and no weights. EAI_BENCH_TOKENS
(default 40), EAI_BENCH_ROUNDS (default 5).
"""
import concurrent.futures
import http.client
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/e2e"))
from conftest import Eai, words_of  # noqa: E402
from gguf_maker import write_shape  # noqa: E402

TOKENS, ROUNDS = int(os.environ.get("EAI_BENCH_TOKENS", "40")), int(os.environ.get("EAI_BENCH_ROUNDS", "5"))
SHAPE = {"blocks": 24, "width": 896, "feed": 4864, "heads": 14, "kv_heads": 2, "vocabulary": 50000, "kind": "q8_0", "trained": 4096}


def speed(port, model):
    """Tokens per second of one answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    body = {"model": model, "prompt": [1, 5, 6, 7], "max_tokens": TOKENS, "ignore_eos": True, "temperature": 0, "cache_prompt": False}
    connection.request("POST", "/v1/completions", json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    told = json.loads(answer.read())
    connection.close()
    assert answer.status == 200 and told["usage"]["completion_tokens"] == TOKENS, told
    return told["timings"]["predicted_per_second"]


def alone_and_together(places):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        return speed(*places[0]), min(pool.map(lambda place: speed(*place), places))


class Bare:
    """The same engine with the same words, on a port of its own, started as anybody would start it."""

    def __init__(self, words, log):
        words[words.index("--host") + 1] = "127.0.0.1"
        self.log = log.open("w+")
        self.process = subprocess.Popen([*words, "--port", "0"], stdout=self.log, stderr=self.log,
                                        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]})
        while not (found := re.search(r"listening on http://127\.0\.0\.1:(\d+)", log.read_text())):
            assert self.process.poll() is None, log.read_text()[-1000:]
            time.sleep(0.05)
        self.port = int(found.group(1))
        while self.status() != 200:
            time.sleep(0.05)

    def status(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", "/health")
        status = connection.getresponse().status
        connection.close()
        return status

    def stop(self):
        self.process.kill()
        self.process.wait()


def main():
    with tempfile.TemporaryDirectory(prefix="eai-") as folder:
        home = pathlib.Path(folder)
        eai, bare = Eai(home), []
        models = []
        for name in ("one", "two"):
            (home / name).mkdir()
            write_shape(home / name / name, **SHAPE)
            models.append(eai("model", "preserve", home / name, "--to", f"car:{home}/{name}.car", "-q", cwd=home).stdout.split()[-1])
            (home / f"{name}.car").unlink()
        try:
            server = eai.run("--hash", ",".join(models), "--offline")
            port = int(server.url.rsplit(":", 1)[1])
            ours = [(port, model) for model in models]
            for place in ours:
                speed(*place)  # loaded
            engines = [int(record.read_text().split()[0]) for record in (home / "eai/run").glob("*.engine")]
            assert len(engines) == 2, "both must be loaded at once"
            bare = [Bare(words_of(pid), home / f"{pid}.log") for pid in engines]
            theirs = [(rival.port, "") for rival in bare]
            for place in theirs:
                speed(*place)
            rows = [(*alone_and_together(ours), *alone_and_together(theirs)) for _ in range(ROUNDS)]
        finally:
            for rival in bare:
                rival.stop()
            eai.start("model", "stop").communicate()
    alone, together, bare_alone, bare_together = (statistics.median(column) for column in zip(*rows))
    print(f"alone: eai {alone:.1f} tokens/s, bare llama-server {bare_alone:.1f}, ratio {alone / bare_alone:.2f} (bar: >= 0.9)")
    print(f"two at once, the slower of them: eai {together:.1f} tokens/s, bare {bare_together:.1f}, ratio "
          f"{together / bare_together:.1f} (bar: >= 1.2); both together are {2 * together / alone:.2f} of one alone")
    return 0 if alone >= 0.9 * bare_alone and together >= 1.2 * bare_together else 1


sys.exit(main())

"""The engine takes as much memory as `eai model estimate` says, and the logs hold what a server and its engines
said."""
import base64
import json
import pathlib
import random
import re
import signal
import subprocess
import threading
import zlib

import pytest

from conftest import BUILD, WAIT, engines_of, words_of
from gguf_maker import write_shape
from pictures import png
from shapes import data_uri

MIB = 1 << 20
LARGE = {
    "llama-8b": dict(blocks=32, width=4096, feed=14336, heads=32, kv_heads=8, head=128, vocabulary=128256),
    "llama-70b": dict(blocks=80, width=8192, feed=28672, heads=64, kv_heads=8, head=128, vocabulary=32000),
    "qwen3-14b": dict(architecture="qwen3", blocks=40, width=5120, feed=17408, heads=40, kv_heads=8, head=128, vocabulary=151936),
    "gemma3-12b": dict(architecture="gemma3", blocks=48, width=3840, feed=15360, heads=16, kv_heads=8, head=256,
                       vocabulary=262144, window=1024),
    "qwen3-30b-a3b": dict(architecture="qwen3moe", blocks=48, width=2048, feed=768, heads=32, kv_heads=4, head=128,
                          vocabulary=151936, experts=128),
}


@pytest.mark.parametrize("name", LARGE)
def test_large_models_are_what_llama_fit_params_says(eai, tmp_path, name):
    file = tmp_path / f"{name}.gguf"
    write_shape(file, **LARGE[name])
    # That program cannot be told that slots share the cache, which matters if layers have a window.
    for context, slots in ((4096, 1), (32768, 1 if "window" in LARGE[name] else 4), (131072, 1)):
        told = eai.json("model", "estimate", file, "--context-length", context, "--parallel", slots)
        said = subprocess.run([BUILD / "libexec/eai/llama-fit-params", "-m", file, "-c", str(context), "-np", str(slots), "-ub",
                               "512", "-b", "2048", "-fitp", "on"], check=True, capture_output=True, text=True).stdout
        cache, compute = map(int, re.search(r"^Host \d+ (\d+) (\d+)", said, re.MULTILINE).groups())
        ours = told["bytes"]["context"] + told["bytes"]["compute"]
        assert ours / MIB == pytest.approx(cache + compute, rel=0.1), (context, slots, said, told)
        # It does not count weights that stay in the mapped file.
        assert told["bytes"]["weights"] == pytest.approx(file.stat().st_size, rel=0.01)


def noise(side):
    rows = b"".join(b"\0" + random.Random(y).randbytes(3 * side) for y in range(side))
    return png(side, side, body=zlib.compress(rows))


def peak(pid):
    return int(re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) * 1024


def pid_of(server, name):
    return next(p for p in engines_of(server.pid) if words_of(p)[words_of(p).index("--alias") + 1] == name)


def test_the_chat_model_takes_what_was_said(eai, server):
    told = eai.json("model", "estimate", "eai-demo")
    # All slots are used until the context is full, so often that the cache of earlier prompts is full as well, and then
    # all get the largest pictures at once, among them noise: after that, every buffer has been used.
    words = ["capital", "France", "story", "count", "peer", "block", "model", "colour", "river", "stone", "green", "circle"]
    prompts = [" ".join(random.Random(i).choices(words, k=220)) for i in range(32)]
    long = {"max_tokens": 100, "extra_body": {"ignore_eos": True}}


    def ask_at_once(contents, **options):
        threads = [threading.Thread(target=server.ask, args=(content,), kwargs=options) for content in contents]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    for four in range(0, len(prompts), 4):
        ask_at_once(prompts[four:four + 4], **long)
    uris = [data_uri("red", "circle", "white")] + [
        "data:image/png;base64," + base64.b64encode(picture).decode() for picture in (png(1500, 1500), noise(512))]
    for uri in uris:
        look = [{"type": "text", "text": "What do you see?"}] + [{"type": "image_url", "image_url": {"url": uri}}] * 8
        ask_at_once([look] * 4, max_tokens=4)
    assert peak(pid_of(server, "eai-demo")) == pytest.approx(told["total"], rel=0.1), told


def test_the_embedding_model_takes_what_was_said(eai, server):
    embed = server.hash_of("eai-demo-embed")
    told = eai.json("model", "estimate", "eai-demo-embed")
    for words in (100, 400, 950):
        server.embed(["a model " * words], model=embed)
    assert peak(pid_of(server, "eai-demo-embed")) == pytest.approx(told["total"], rel=0.1), told


def test_what_was_measured_counts(eai, server):
    """Once a model has run here, what it took is shown beside the estimate."""
    server.ask("What is the capital of France?")
    eai("model", "stop")
    told = eai.json("model", "estimate", "eai-demo")
    assert told["measured"] > 0 and "highest seen on this machine" in eai("model", "estimate", "eai-demo").stdout
    tight = eai("model", "estimate", "eai-demo", "--memory-limit", "1MB").stdout
    assert "does not fit" in tight
    eai.run("eai-demo,eai-demo-embed")


def test_logs(eai):
    eai("model", "stop")
    server = eai.run("eai-demo")
    assert f"server {server.pid} on {server.url}" in eai("model", "logs").stdout
    engine = eai("model", "logs", "eai-demo", "--lines", "100000").stdout
    assert "server is listening" in engine or "model loaded" in engine, engine[-2000:]
    assert len(eai("model", "logs", "eai-demo", "-n", "2").stdout.splitlines()) == 2
    lines = [json.loads(line) for line in eai("model", "logs", "--json").stdout.splitlines()]
    assert lines and all(line["event"] == "line" and line["log"] == "the server" for line in lines)
    following = eai.start("model", "logs", "-f", "-n", "1")
    assert following.stdout.readline()
    eai("model", "stop")
    rest = iter(following.stdout.readline, "")
    assert any(f"server {server.pid} has stopped" in line for line in rest)
    following.send_signal(signal.SIGINT)
    following.communicate(timeout=WAIT)
    assert following.returncode == 130

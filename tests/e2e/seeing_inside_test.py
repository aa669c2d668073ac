"""What a running server says about itself: figures for Prometheus, the status and the log of requests."""
import json
import os
import pty
import subprocess
import termios
import urllib.request

import openai
import pytest
from conftest import EAI, WAIT
from prometheus_client.parser import text_string_to_metric_families


@pytest.fixture(scope="module")
def server(eai):
    return eai.run("eai-demo,eai-demo-embed", "--request-log")


def metrics(server):
    """{(name, labels as a sorted tuple): value} of all samples, as Prometheus' own parser reads them."""
    with urllib.request.urlopen(server.url + "/metrics", timeout=WAIT) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text = answer.read().decode()
    found = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation and family.type in ("counter", "gauge", "histogram"), family
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in found, key
            found[key] = sample.value
    return found


def test_metrics_count_what_happened(server):
    chat, embed = server.hash_of("eai-demo"), server.hash_of("eai-demo-embed")
    assert "Paris" in server.ask("What is the capital of France?")
    chunks = list(server.openai.chat.completions.create(
        model="local-model", messages=[{"role": "user", "content": "Count to 5"}], temperature=0, stream=True))
    server.embed(["one text"])
    with pytest.raises(openai.NotFoundError):
        server.openai.models.retrieve("nobody")
    found = metrics(server)

    def value(name, **labels):
        return found[name, tuple(sorted(labels.items()))]

    assert value("eai_requests_total", path="/chat/completions", status="200", model=chat) == 2
    assert value("eai_requests_total", path="/embeddings", status="200", model=embed) == 1
    assert value("eai_requests_total", path="/models", status="404", model="") == 1
    assert value("eai_first_token_seconds_count", model=chat) == 1
    assert 0 < value("eai_first_token_seconds_sum", model=chat) < WAIT
    assert value("eai_first_token_seconds_bucket", model=chat, le="+Inf") == 1
    assert value("eai_tokens_total", model=chat, kind="generated") >= len(chunks) / 2
    assert value("eai_tokens_total", model=embed, kind="prompt") > 0
    assert value("eai_model_loads_total", model=chat) == 1 and value("eai_model_ready", model=embed) == 1
    assert 0 < value("eai_memory_used_bytes") <= value("eai_memory_budget_bytes")
    assert value("eai_model_waiting", model=chat) == 0 and value("process_resident_memory_bytes") > 0
    buckets = [v for (name, labels), v in found.items()
               if name == "eai_request_seconds_bucket" and ("path", "/chat/completions") in labels]
    assert buckets == sorted(buckets) and buckets[-1] == 2


def test_status_shows_memory_and_speed(eai, server):
    server.ask("Count to 12")
    told = eai.json("model", "status")
    chat = next(model for model in told["models"] if model["name"] == "eai-demo")
    assert chat["tokens_per_second"] > 0 and chat["generated_tokens"] > 0 and chat["ready_since"] >= told["started"]
    assert sum(chat["memory_arithmetic"].values()) == chat["memory_estimated"] > 0
    assert told["memory"]["used"] <= told["memory"]["budget"] and told["memory"]["budget_source"]
    shown = eai("model", "status").stdout
    assert told["memory"]["budget_source"] in shown and "eai-demo (main)\t" in shown
    assert not any(("path", "other") in labels for _, labels in metrics(server)), "who watches is no client"


def test_watch_goes_on_until_the_server_ends(eai, server):
    with eai.start("model", "status", "--watch", "--json") as watching:
        seen = [json.loads(watching.stdout.readline()) for _ in range(2)]
        assert all(told["running"] and len(told["models"]) == 2 for told in seen)
        watching.terminate()
        watching.communicate(timeout=WAIT)


def test_watch_redraws_a_terminal(eai, server):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, 140))
    with eai.start("model", "status", "--watch", env={"TERM": "xterm"}) as piped:
        assert "\033" not in piped.stdout.readline()
        piped.terminate()
    with subprocess.Popen([EAI, "model", "status", "--watch"], env={**eai.environment, "TERM": "xterm"}, stdout=theirs,
                          stderr=theirs, stdin=subprocess.DEVNULL) as watching:
        os.close(theirs)
        seen = b""
        while seen.count(b"\033[H\033[2J") < 2:
            seen += os.read(ours, 4096)
        watching.terminate()
    os.close(ours)
    assert b"eai-demo-embed" in seen


def test_request_log_has_no_content(eai, server):
    server.ask("What is the capital of France?", extra_headers={"x-request-id": "of-this-test"})
    # The line is written after the answer, and before the next request of the same connection is read.
    server.openai.models.list()
    log, = eai.home.rglob("requests.log")
    text = log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    mine = next(line for line in lines if line["id"] == "of-this-test")
    assert mine["path"] == "/chat/completions" and mine["status"] == 200 and mine["generated_tokens"] > 0
    assert "France" not in text and "Paris" not in text and log.stat().st_mode & 0o077 == 0

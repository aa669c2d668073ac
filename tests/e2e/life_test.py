"""A server's life: it starts once, says what it is, stops whole, and leaves nothing behind however it ends."""
import http.client
import json
import pathlib
import re
import signal
import socket

import pytest
from conftest import WAIT, Watched, engines_of


def test_stop_ends_server_and_engines(stopped):
    server = stopped.run("eai-demo")
    engines = engines_of(server.pid)
    assert len(engines) == 1
    watched = [Watched(server.pid), *map(Watched, engines)]
    stopped("model", "stop")
    assert all(w.ended(0) for w in watched), "stop returned before all had ended"


def test_killed_server_leaves_no_engine(stopped):
    server = stopped.run("eai-demo")
    killed, watched = Watched(server.pid), [Watched(pid) for pid in engines_of(server.pid)]
    assert watched
    signal.pidfd_send_signal(killed.fd, signal.SIGKILL)
    assert all(w.ended(5) for w in watched), "an engine outlived its server"
    assert killed.ended(5)
    # The next server starts on what the dead one left.
    assert "Paris" in stopped.run("eai-demo").ask("What is the capital of France?")


def test_idle_connections_keep_nothing_of_what_they_sent(stopped):
    server = stopped.run("eai-demo")

    def resident():
        return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{server.pid}/status").read_text())[1]) // 1024

    clients = [http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=WAIT) for _ in range(40)]
    bodies = {"/v1/chat/completions": b"x" * (4 << 20), "/none": b"y" * 60_000}
    for path, body in bodies.items():
        before = None
        for client in clients:
            client.request("POST", path, body, {"Content-Type": "application/json", "x-long": "z" * 50_000})
            answer = client.getresponse()
            answer.read()
            assert answer.status in (400, 404) and not answer.will_close
            before = before or resident()
        # `before` includes what the first one left; the others must find that room free again.
        assert resident() - before < 20, (path, before, resident())
    for client in clients:
        client.close()


def test_status(stopped):
    assert stopped("model", "status", "--json", status=3).stdout
    server = stopped.run("eai-demo,eai-demo-embed")
    told = stopped.json("model", "status")
    assert told["running"] is True and told["pid"] == server.pid and told["url"].rstrip("/") == server.url
    assert {m["name"]: m["state"] for m in told["models"]} == {"eai-demo": "ready", "eai-demo-embed": "absent"}
    assert str(server.told["port"]) in stopped("model", "status").stdout


def test_second_server_is_refused_unless_forced(stopped):
    first = stopped.run("eai-demo")
    refused = stopped("model", "run", "eai-demo-embed", "--port", "0", status=7)
    assert "already" in refused.stderr and not Watched(first.pid).ended(0)
    watched = Watched(first.pid)
    second = stopped.run("eai-demo", "--force")
    assert watched.ended(0) and second.pid != first.pid
    assert "Paris" in second.ask("What is the capital of France?")


def test_stop_without_a_server(stopped):
    assert stopped("model", "stop", status=3).stderr


def test_taken_port_is_named(stopped):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = stopped("model", "run", "eai-demo", "--port", port, status=8)
        assert str(port) in refused.stderr


def test_foreground_ends_with_ctrl_c(stopped):
    process = stopped.start("model", "run", "eai-demo", "--port", "0", "--foreground", "--json")
    told = {}
    while "url" not in told:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        told = json.loads(line)
    watched = [Watched(pid) for pid in engines_of(process.pid)]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=WAIT)
    assert watched and all(w.ended(0) for w in watched)


def test_serve_takes_what_is_downloaded(stopped):
    stopped("model", "download", "eai-demo")
    stopped("model", "download", "eai-demo-embed")
    chat = stopped.json("model", "download", "eai-demo")["hash"]
    told = stopped.json("model", "serve", "--main-hash", chat, "--port", "0")
    states = {m["name"]: m["state"] for m in stopped.json("model", "status")["models"]}
    assert states == {"eai-demo": "ready", "eai-demo-embed": "absent"} and told["pid"]


@pytest.mark.parametrize("words,status,said", [
    (["model", "run", "qwen3-1.7c"], 3, "qwen3-1.7b"),
    (["model", "run", "--hash", "bafkreinothash!"], 2, "!"),
    (["model", "run", "eai-demo", "--port", "70000"], 2, "70000"),
    (["model", "fly"], 2, "fly"),
])
def test_wrong_words(eai, words, status, said):
    assert said in eai(*words, status=status).stderr


def engine_that(folder, does):
    """A program to use instead of llama-server."""
    engine = folder / "engine"
    engine.write_text("#!/bin/sh\n" + does)
    engine.chmod(0o755)
    return engine


def test_engine_that_dies_while_loading_has_the_last_word(stopped, tmp_path):
    engine = engine_that(tmp_path, "echo 'error: weights are made of cheese' >&2; exit 1\n")
    refused = stopped("model", "run", "eai-demo", "--port", "0", "--llama-server", engine, status=8)
    assert "weights are made of cheese" in refused.stderr
    stopped("model", "status", status=3)


def test_too_little_memory_is_told_with_the_arithmetic(stopped):
    refused = stopped("model", "run", "eai-demo", "--port", "0", "--memory-limit", "1MB", status=9)
    assert "there are 1.00 MB" in refused.stderr and "weights" in refused.stderr and "bug" not in refused.stderr
    stopped("model", "status", status=3)


def test_missing_engine_is_explained(stopped, tmp_path):
    refused = stopped("model", "run", "eai-demo", "--port", "0", "--llama-server", tmp_path / "none", status=9)
    assert "llama-server" in refused.stderr

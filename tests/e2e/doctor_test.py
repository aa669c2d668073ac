"""`eai doctor`: what is well, what is not, and what to do about it, on machines that have each kind of trouble."""
import contextlib
import email.utils
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import pytest
from conftest import BUILD, WAIT, Eai, Server, engines_of
from legacy import Gateway, container

YEAR = 365 * 86400


class Answering:
    """A gateway that answers everything like this; `ahead`: what its clock is ahead of ours. With no status it accepts
    connections and says nothing."""

    def __init__(self, status=200, kind="application/vnd.ipld.raw", body=b"", ahead=0):
        told = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def date_time_string(self, timestamp=None):
                return email.utils.formatdate(time.time() + ahead, usegmt=True)

            def do_GET(self):
                told.paths.append(self.path)
                if status is None:
                    self.rfile.read(1)  # until the client goes away
                    return
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.paths = []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def eai():
    """A machine of its own for each test."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="eai-"))
    program = Eai(home)
    program.environment["EAI_PORT"] = str(free_port())
    yield program
    program.start("model", "stop").communicate(timeout=WAIT)
    subprocess.run(["chmod", "-R", "u+rwX", home], check=True)
    shutil.rmtree(home)


def look(eai, *words, status=0):
    """The findings of each check."""
    told = eai.json("doctor", *words, status=status)
    out = {}
    for one in told["checks"]:
        assert one["state"] in ("ok", "note", "problem") and one["found"]
        assert one["state"] == "ok" or one["cure"], f"it does not say what to do: {one}"
        out.setdefault(one["check"], []).append(one)
    assert told["problems"] == sum(one["state"] == "problem" for one in told["checks"])
    return out


def worst(checks, name):
    return max(checks[name], key=lambda one: ("ok", "note", "problem").index(one["state"]))


def test_all_is_well_offline(eai):
    checks = look(eai, "--offline")
    assert {name for name in checks} == {"engine", "gpu", "memory", "disk", "folder", "settings", "models", "server", "port",
                                         "gateway", "clock", "network", "terminal"}
    assert all(one["state"] == "ok" for one in checks["engine"]) and len(checks["engine"]) == 2
    assert "llama-server" in checks["engine"][0]["found"] and str(BUILD) in checks["engine"][0]["found"]
    assert "offline" in checks["gateway"][0]["found"]
    assert "no connection" in checks["network"][0]["found"]
    assert not list(eai.home.glob("eai/*")) or not list((eai.home / "eai").glob("*.tmp")), "looking leaves nothing"


def test_people_see_the_same(eai):
    told = eai("doctor", "--offline")
    assert told.stdout.splitlines()[0].split()[:2] == ["ok", "engine"] and "eai run eai-demo" in told.stdout
    quiet = eai("doctor", "--offline", "-q")
    assert quiet.stderr == "" and not any(line.startswith("ok ") for line in quiet.stdout.splitlines())
    assert "\x1b" not in told.stdout


def test_without_a_network_there_is_a_problem(eai):
    begun = time.monotonic()
    checks = look(eai, status=8)
    assert time.monotonic() - begun < 20
    assert worst(checks, "gateway")["state"] == "problem" and "none answers" in worst(checks, "gateway")["found"]
    assert len(checks["gateway"]) == 5, "each public one by itself, and the sum"


def gateways(eai, *urls, words=(), status=0):
    more = [word for url in urls for word in ("--gateway", url)]
    return look(eai, "--no-public-gateways", *more, *words, status=status)


def test_a_gateway_that_answers(eai):
    with Answering() as good:
        checks = gateways(eai, good.url)
    assert checks["gateway"][0]["state"] == "ok" and " ms" in checks["gateway"][0]["found"]
    assert good.paths == ["/ipfs/bafkqaaa?format=raw"], "it learns nothing of what is wanted"
    assert "agrees" in checks["clock"][0]["found"]


@pytest.mark.parametrize("answer, said", [
    ({"status": 500}, "HTTP 500"),
    ({"status": 404}, "HTTP 404"),
    ({"kind": "text/html", "body": b"<html>"}, "web page"),
    ({"body": b"something"}, "something else"),
    ({"body": b"x" * 100_000}, "something else"),
])
def test_one_that_answers_otherwise(eai, answer, said):
    with Answering(**answer) as odd, Answering() as good:
        checks = gateways(eai, odd.url, good.url)
    assert [one["state"] for one in checks["gateway"]] == ["note", "ok"]
    assert said in checks["gateway"][0]["found"] and "fetch.gateways" in checks["gateway"][0]["cure"]


def test_ones_that_are_away_or_stall_are_asked_at_the_same_time(eai):
    gone = f"http://127.0.0.1:{free_port()}"
    with contextlib.ExitStack() as stack:
        stalling = [stack.enter_context(Answering(status=None)) for _ in range(3)]
        begun = time.monotonic()
        checks = gateways(eai, gone, *(one.url for one in stalling), words=("--timeout", "2"), status=8)
        assert time.monotonic() - begun < 6, "2 s for all of them together"
    assert [one["state"] for one in checks["gateway"]] == ["note"] * 4 + ["problem"]
    assert "not reached" in checks["gateway"][0]["found"]


def test_one_that_lied_is_remembered(eai):
    cid, blocks = container("liar-model", {"liar-model": os.urandom(100_000)})
    with Gateway(blocks, lie=True) as liar:
        eai.start("pull", cid, "--no-public-gateways", "--gateway", liar.url, "--max-retries", "0").communicate(timeout=WAIT)
        checks = gateways(eai, liar.url, status=8)
    assert "wrong bytes" in checks["gateway"][0]["found"]


@pytest.mark.parametrize("ahead, state, said", [(YEAR, "problem", "365 d"), (-YEAR, "problem", "ahead"), (600, "note", "10 min")])
def test_a_clock_that_is_wrong(eai, ahead, state, said):
    with Answering(ahead=ahead) as gateway:
        checks = gateways(eai, gateway.url, status=8 if state == "problem" else 0)
    assert checks["clock"][0]["state"] == state and said in checks["clock"][0]["found"]


def test_one_gateway_with_a_wrong_clock_is_outvoted(eai):
    with Answering(ahead=YEAR) as wrong, Answering() as one, Answering() as other:
        assert gateways(eai, wrong.url, one.url, other.url)["clock"][0]["state"] == "ok"


def test_engines_that_are_missing_or_broken(eai, tmp_path):
    eai.environment["EAI_LLAMA_SERVER"] = "/nonexistent/engine"
    checks = look(eai, "--offline", status=8)
    assert checks["engine"][0]["state"] == "problem" and "/nonexistent/engine" in checks["engine"][0]["found"]
    assert "make" in checks["engine"][0]["cure"] and checks["engine"][1]["state"] == "ok"
    broken = tmp_path / "llama-server"
    broken.write_text("#!/bin/sh\necho 'libcuda.so.1: cannot open shared object file' >&2\nexit 127\n")
    broken.chmod(0o755)
    eai.environment["EAI_LLAMA_SERVER"] = str(broken)
    checks = look(eai, "--offline", status=8)
    assert "libcuda.so.1" in checks["engine"][0]["found"]
    program = tmp_path / "bin/eai"
    program.parent.mkdir()
    shutil.copy(BUILD / "bin/eai", program)
    del eai.environment["EAI_LLAMA_SERVER"]
    eai.program = program
    checks = look(eai, "--offline", status=8)
    assert [one["state"] for one in checks["engine"]] == ["problem", "note"] and "missing" in checks["engine"][0]["found"]


def test_gpus_are_those_of_the_engine(eai, tmp_path):
    engine = tmp_path / "llama-server"
    engine.write_text("#!/bin/sh\n[ \"$1\" = --list-devices ] || exec echo 'version: 1 (abc)'\n"
                      "echo '  CUDA0: A GPU (8192 MiB, 8000 MiB free)'\n")
    engine.chmod(0o755)
    eai.environment["EAI_LLAMA_SERVER"] = str(engine)
    checks = look(eai, "--offline")
    assert "CUDA0, A GPU, 8.59 GB" in checks["gpu"][0]["found"] and "CUDA0" in checks["memory"][0]["found"]


def test_a_port_that_is_taken(eai):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        checks = look(eai, "--offline", "--port", other.getsockname()[1], status=8)
    assert checks["port"][0]["state"] == "problem" and "eai config set server.port" in checks["port"][0]["cure"]


def test_a_server_that_runs_and_one_that_hangs(eai):
    server = eai.run("eai-demo")
    checks = look(eai, "--offline", "--port", server.told["port"])
    assert "port" not in checks, "it is our own server's"
    assert f"process {server.pid}" in checks["server"][0]["found"] and "eai-demo" in checks["server"][0]["found"]
    assert checks["network"][0]["state"] == "ok" and len(engines_of(server.pid)) == 1
    assert checks["network"][0]["found"].startswith("the system knows of no connection of 3 processes")
    os.kill(server.pid, signal.SIGSTOP)
    try:
        checks = look(eai, "--offline", status=8)
        assert checks["server"][0]["state"] == "problem" and "eai model logs" in checks["server"][0]["cure"]
    finally:
        os.kill(server.pid, signal.SIGCONT)


def test_a_server_without_a_model(eai):
    server = Server(eai, eai.json("model", "serve", "--port", "0"))
    assert look(eai, "--offline")["server"][0]["found"].endswith("with no model yet")
    assert server.pid


def test_who_may_come_in_is_told(eai):
    eai.json("model", "run", "eai-demo", "--port", "0", "--host", "0.0.0.0", "--no-auth")
    note = worst(look(eai, "--offline"), "network")
    assert note["state"] == "note" and "0.0.0.0:" in note["found"] and "server.host" in note["cure"]


def test_settings_that_cannot_be_read(eai):
    file = eai.configure("[server]\nprot = 1\n")
    checks = look(eai, "--offline", status=8)
    assert f"{file}, line 2" in checks["settings"][0]["found"] and "eai config edit" in checks["settings"][0]["cure"]
    assert "offline" in checks["gateway"][0]["found"], "options still count"
    eai.configure("[server]\nport = 8080\n")
    eai.environment["EAI_OFFLINE"] = "perhaps"
    assert "EAI_OFFLINE" in look(eai, "--offline", status=8)["settings"][0]["found"]
    del eai.environment["EAI_OFFLINE"]
    eai.environment["EAI_PROT"] = "1"
    note = worst(look(eai, "--offline"), "settings")
    assert "EAI_PROT" in note["found"] and "EAI_PORT" in note["cure"]
    (eai.home / "eai/config/catalog.toml").write_text("[models.x]\nhash = \"nonsense\"\n")
    assert "catalog.toml" in worst(look(eai, "--offline", status=8), "models")["found"]


def test_a_home_that_cannot_be_used(eai):
    (eai.home / "eai").mkdir()
    (eai.home / "eai").chmod(0o777)
    checks = look(eai, "--offline", status=8)
    assert "models: " in worst(checks, "folder")["found"]
    (eai.home / "eai").chmod(0o700)
    (eai.home / "eai/run").symlink_to("/tmp")
    assert "sockets: " in worst(look(eai, "--offline", status=8), "folder")["found"]


def test_a_full_disk(eai):
    folder = eai.home / "eai"
    folder.mkdir()
    done = subprocess.run(["unshare", "--mount", "sh", "-c",
                           'mount -t tmpfs -o size=1m,mode=700 none "$EAI_HOME" && exec "$0" doctor --offline --json',
                           eai.program], env=eai.environment, capture_output=True, text=True, timeout=WAIT)
    disk = [one for one in json.loads(done.stdout)["checks"] if one["check"] == "disk"]
    assert done.returncode == 8 and disk[0]["state"] == "problem" and "EAI_HOME" in disk[0]["cure"]


def test_models_that_are_damaged_or_unfinished(eai):
    eai("pull", "eai-demo")
    with open(eai.stored("eai-demo") / "model.gguf", "ab") as file:
        file.write(b"x")
    checks = look(eai, "--offline", status=8)
    assert "eai model repair eai-demo" in worst(checks, "models")["cure"]


@pytest.mark.parametrize("words, said", [(["x"], "x"), (["--timeout", "0"], "--timeout"), (["--timout", "3"], "--timeout")])
def test_wrong_words(eai, words, said):
    assert said in eai("doctor", *words, status=2).stderr

"""What goes wrong around engines, with the real server: it says what happened, other clients do not notice, and nothing
is left behind."""
import http.client
import json
import os
import resource
import signal
import urllib.parse

import openai
import pytest

from conftest import BUILD, WAIT, Server, Watched, engines_of, words_of

PARIS = "What is the capital of France?"
REAL = BUILD / "libexec/eai/llama-server"


class StandIn:
    """The real llama-server, except for models whose name is in the file `bad`: for those it sends its process number
    through a pipe and does what its script says."""

    def __init__(self, folder, script):
        self.program, self.pipe, self.bad = folder / "llama-server", folder / "pipe", folder / "bad"
        os.mkfifo(self.pipe)
        self.program.write_text(
            f'#!/bin/sh\nfor word; do if [ -s {self.bad} ] && [ "$word" = "$(cat {self.bad})" ]; then\necho $$ >{self.pipe}\n'
            f'{script}\nfi; done\nexec {REAL} "$@"\n')
        self.program.chmod(0o755)

    def caught(self):
        """The process that has just begun to misbehave."""
        with open(self.pipe) as pipe:
            return Watched(int(pipe.readline()))


def in_background(server, model):
    """Asks for an embedding in another thread; returns a function that waits for its error."""
    import threading
    outcome = []

    def ask():
        try:
            server.embed(["text"], model=model)
            outcome.append(None)
        except openai.APIStatusError as error:
            outcome.append(error)

    thread = threading.Thread(target=ask)
    thread.start()

    def wait():
        thread.join(WAIT)
        return outcome[0]
    return wait


HANG = 'trap "" TERM; sleep 1000; sleep 1000'


def test_a_main_model_that_is_never_ready_is_given_up(stopped, tmp_path):
    engine = StandIn(tmp_path, HANG)
    engine.bad.write_text("eai-demo")
    process = stopped.start("model", "run", "eai-demo", "--port", "0", "--llama-server", engine.program, "--start-timeout", "1")
    hung = engine.caught()
    _, said = process.communicate(timeout=WAIT)
    assert process.returncode == 8 and "it was not ready after 1 s" in said
    assert hung.ended(0), "it ignores SIGTERM, and has to go all the same"


def test_an_engine_killed_in_load_harms_nobody_else(stopped, tmp_path):
    engine = StandIn(tmp_path, HANG)
    engine.bad.write_text("eai-demo-embed")
    server = stopped.run("eai-demo,eai-demo-embed", "--llama-server", engine.program)
    embed, chat_engine = server.hash_of("eai-demo-embed"), list(engines_of(server.pid))
    error = in_background(server, embed)
    loading = engine.caught()
    assert "Paris" in server.ask(PARIS), "a ready model never waits for another's load"
    os.killpg(loading.pid, signal.SIGKILL)
    told = error()
    assert told.status_code >= 500 and "killed by signal 9" in told.message
    engine.bad.write_text("")
    with pytest.raises(openai.APIStatusError) as cooling:
        server.embed(["text"], model=embed)
    assert "next try is in" in cooling.value.message and int(cooling.value.response.headers["retry-after"]) in range(1, 7)
    # The client waits as long as it was told to.
    assert server.openai.with_options(max_retries=5).embeddings.create(model=embed, input="text").data
    assert set(chat_engine) <= set(engines_of(server.pid)) and "Paris" in server.ask(PARIS)


def events(server, body):
    """The events of a streamed answer, as they come."""
    place = urllib.parse.urlsplit(server.url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=WAIT)
    connection.request("POST", "/v1/chat/completions", json.dumps(body | {"stream": True}), {"Content-Type": "application/json"})
    answer, rest = connection.getresponse(), b""
    assert answer.status == 200
    while piece := answer.read1():
        *whole, rest = (rest + piece).split(b"\n\n")
        yield from (event[len(b"data: "):] for event in whole if event.startswith(b"data: "))
    assert rest == b""


def test_an_engine_killed_in_a_stream_ends_it_with_an_error(stopped):
    server = stopped.run("eai-demo,eai-demo-embed")
    embed = server.hash_of("eai-demo-embed")
    server.embed(["text"], model=embed)
    by_name = {words_of(pid)[words_of(pid).index("--alias") + 1]: pid for pid in engines_of(server.pid)}
    stream = events(server, {"messages": [{"role": "user", "content": "Tell me a story"}], "max_tokens": 1800,
                             "ignore_eos": True})
    next(stream)
    os.kill(by_name["eai-demo"], signal.SIGSTOP)  # so that it cannot finish first
    os.kill(by_name["eai-demo"], signal.SIGKILL)
    last = list(stream)[-1]
    error = json.loads(last)["error"]
    assert error["type"] == "server_error" and "the engine" in error["message"], last
    assert "Paris" in server.ask(PARIS), "it is started again"
    server.embed(["text"], model=embed)
    states = stopped.states()
    assert states["eai-demo"]["crashes"] == 1 and states["eai-demo"]["starts"] == 2
    assert states["eai-demo-embed"]["pid"] == by_name["eai-demo-embed"] and states["eai-demo-embed"]["starts"] == 1


def test_an_engine_killed_while_idle_is_started_for_the_next_request(stopped):
    server = stopped.run("eai-demo")
    engine = Watched(next(iter(engines_of(server.pid))))
    signal.pidfd_send_signal(engine.fd, signal.SIGKILL)
    assert engine.ended(WAIT)
    assert "Paris" in server.ask(PARIS)


def test_too_little_memory_for_a_model_on_demand(stopped):
    stopped.configure('[models."eai-demo"]\ncontext_length = 16384\n')
    server = stopped.run("eai-demo-embed,eai-demo", "--memory-limit", "70MB")
    with pytest.raises(openai.APIStatusError) as refused:
        server.ask(PARIS, model=server.hash_of("eai-demo"))
    assert "eai-demo needs" in refused.value.message and "70.0 MB" in refused.value.message
    assert server.embed(["text"]), "the main model does not suffer"
    stopped.configure("")


def test_a_full_disk_stops_no_answer(stopped):
    """Every write to a log fails: the logs are as long as a file may be."""
    logs = [stopped.home / "eai/logs" / name for name in ("server.log", "engines/eai-demo.log")]
    full = 1 << 20
    for log in logs:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(b"\n" * full)
    try:
        told = stopped.json("model", "run", "eai-demo", "--port", "0",
                            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (full, full)))
        assert "Paris" in Server(stopped, told).ask(PARIS)
        assert [log.stat().st_size for log in logs] == [full, full]
    finally:
        for log in logs:
            log.unlink()


def test_what_a_killed_server_left_is_swept(stopped):
    server = stopped.run("eai-demo")
    run = stopped.home / "eai/run"
    engine = Watched(next(iter(engines_of(server.pid))))
    killed = Watched(server.pid)
    signal.pidfd_send_signal(killed.fd, signal.SIGKILL)
    assert killed.ended(WAIT) and engine.ended(WAIT)
    (run / "stale-7.engine").write_text("999999 nobody")
    (run / "stale-7.sock").write_text("")
    assert list(run.glob("*.engine")) and list(run.glob("*.sock"))
    stopped.run("eai-demo")
    assert len(list(run.glob("*.engine"))) == 1 and len(list(run.glob("*.sock"))) == 2  # the server's and its engine's
    stopped("model", "stop")
    assert not list(run.glob("*.engine")) and not list(run.glob("*-*.sock"))


def test_a_home_whose_path_is_too_long_for_a_socket(stopped, tmp_path):
    from conftest import Eai
    deep = tmp_path / ("x" * 90)
    deep.mkdir()
    far = Eai(deep)
    try:
        assert "Paris" in far.run("eai-demo").ask(PARIS)
        assert far.states()["eai-demo"]["state"] == "ready"
    finally:
        far.start("model", "stop").communicate(timeout=WAIT)

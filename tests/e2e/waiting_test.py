"""Clients that wait, with the real server and engines that are held: they are told why, their number is bounded, and no
stream is cut."""
import http.client
import json
import os
import shutil
import signal
import socket
import threading
import time
import urllib.parse

import openai
import pytest

from conftest import WAIT, Watched, engines_of, words_of
from faults_test import HANG, PARIS, StandIn, in_background

STORY = {"messages": [{"role": "user", "content": "Tell me a story"}], "max_tokens": 1500, "ignore_eos": True, "stream": True}


def until(condition):
    """Asks until the condition holds."""
    end = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < end, "it never became true"


def pid_of(server, name):
    return next(p for p in engines_of(server.pid) if words_of(p)[words_of(p).index("--alias") + 1] == name)


class Stream:
    """A streamed chat, event by event, including comments."""

    def __init__(self, server, **more):
        place = urllib.parse.urlsplit(server.url)
        self.connection = http.client.HTTPConnection(place.hostname, place.port, timeout=WAIT)
        self.connection.request("POST", "/v1/chat/completions", json.dumps(STORY | more), {"Content-Type": "application/json"})

    def events(self):
        answer, rest = self.connection.getresponse(), b""
        assert answer.status == 200 and answer.headers["content-type"].startswith("text/event-stream")
        while piece := answer.read1():
            *whole, rest = (rest + piece).split(b"\n\n")
            yield from (event.decode() for event in whole)
        assert rest == b""

    def leave(self):
        self.connection.close()


class Held:
    """A stream whose engine is stopped in the middle of it."""

    def __init__(self, server, name="eai-demo"):
        self.stream = Stream(server, model=server.hash_of(name))
        self.events = self.stream.events()
        next(self.events)
        self.pid = pid_of(server, name)
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self):
        """The rest of the stream, which must be complete."""
        os.kill(self.pid, signal.SIGCONT)
        rest = list(self.events)
        assert rest[-1] == "data: [DONE]"
        assert json.loads(rest[-2].removeprefix("data: "))["choices"][0]["finish_reason"] == "length"


def test_who_waits_in_a_queue_hears_the_place_in_it(stopped):
    server = stopped.run("eai-demo", "--parallel", "1", "--queue-limit", "2")
    held = Held(server)
    first = Stream(server, max_tokens=3)
    hears = first.events()
    assert next(hears) == ": queued, position 1"
    second = Stream(server, max_tokens=3)
    assert next(second.events()) == ": queued, position 2"
    with pytest.raises(openai.APIStatusError) as full:
        server.ask(PARIS)
    assert full.value.status_code == 503 and "already wait for eai-demo" in full.value.message
    assert int(full.value.response.headers["retry-after"]) > 0 and full.value.body["type"] == "overloaded_error"
    second.leave()
    until(lambda: stopped.states()["eai-demo"]["queued"] == 1)
    held.go_on()
    assert list(hears)[-1] == "data: [DONE]"


def test_who_waits_for_a_load_hears_of_it_and_of_its_end(stopped, tmp_path):
    engine = StandIn(tmp_path, HANG)
    engine.bad.write_text("eai-demo")
    server = stopped.run("eai-demo-embed,eai-demo", "--llama-server", engine.program)
    stream = Stream(server)
    loading = engine.caught()
    events = stream.events()
    assert next(events) == ": loading, position 1"
    os.killpg(loading.pid, signal.SIGKILL)
    last = [event for event in events if not event.startswith(":")]
    error, = (json.loads(event.removeprefix("data: "))["error"] for event in last)
    assert "could not be started" in error["message"] and error["type"] == "server_error"
    assert server.embed(["text"])


def test_a_model_waits_for_answers_of_another_and_cuts_none(stopped):
    """One model at a time, and clients without patience: the next is loaded beside the old one, which finishes its
    answer."""
    server = stopped.run("eai-demo,eai-demo-embed", "--max-models", "1", "--patience", "0")
    held = Held(server)
    assert server.embed(["text"]), "it does not wait for the old one's end"
    states = stopped.states()
    assert (states["eai-demo"]["state"], states["eai-demo-embed"]["state"]) == ("draining", "ready")
    held.go_on()
    until(lambda: stopped.states()["eai-demo"]["state"] == "absent")


def test_patience_ends_a_wait_for_memory(stopped):
    # An answer of a model that gives one at a time may need all of its context.
    server = stopped.run("eai-demo,eai-demo-embed", "--memory-limit", "70MB", "--parallel", "1", "--patience", "1")
    held = Held(server)
    vector = in_background(server, server.hash_of("eai-demo-embed"))
    until(lambda: stopped.states()["eai-demo"]["state"] == "draining")
    late = Stream(server, max_tokens=3)
    held.go_on()
    assert vector() is None
    assert list(late.events())[-1] == "data: [DONE]", "and who came later is served after it"
    states = stopped.states()
    assert states["eai-demo"]["starts"] == 2 and states["eai-demo-embed"]["starts"] == 1


def test_stop_lets_a_stream_end(stopped):
    server = stopped.run("eai-demo")
    place = urllib.parse.urlsplit(server.url)
    held, watched = Held(server), [Watched(server.pid), *map(Watched, engines_of(server.pid))]
    stop = stopped.start("model", "stop")

    def refused():
        with socket.socket() as probe:
            return probe.connect_ex((place.hostname, place.port)) != 0

    until(refused)
    held.go_on()
    stop.communicate(timeout=WAIT)
    # A process that ends lets go of its lock, for which the command waits, a moment before it is gone.
    assert stop.returncode == 0 and all(one.ended(1) for one in watched)


def test_a_model_that_nobody_uses_goes_and_comes_back(stopped):
    server = stopped.run("eai-demo", "--idle-timeout", "1")
    until(lambda: stopped.states()["eai-demo"]["state"] == "absent")
    assert not engines_of(server.pid) and "Paris" in server.ask(PARIS)
    assert stopped.states()["eai-demo"]["starts"] == 2


def test_a_disk_that_is_gone_is_told_and_harms_nobody_else(stopped):
    server = stopped.run("eai-demo,eai-demo-embed")
    embed = server.hash_of("eai-demo-embed")
    shutil.rmtree(stopped.home / "eai/models")
    with pytest.raises(openai.APIStatusError) as gone:
        server.embed(["text"], model=embed)
    assert gone.value.status_code >= 500 and "model.gguf" in gone.value.message, gone.value.message
    assert "Paris" in server.ask(PARIS)


def test_many_at_once_for_one_slot_are_all_answered(stopped):
    server = stopped.run("eai-demo", "--parallel", "1")
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(server.ask(PARIS))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert len(answers) == 12 and all("Paris" in answer for answer in answers)

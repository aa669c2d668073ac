"""The page in a browser, at the real server with the demo models."""
import os
import signal

import pytest
from conftest import Watched
from page import play
from pictures import png


@pytest.fixture(scope="module")
def server(eai):
    return eai.run("eai-demo,eai-demo-embed,eai-demo-image")


def test_chat(server, tmp_path):
    picture = tmp_path / "shape.png"
    picture.write_bytes(png(64, 64))
    assert play("chat.mjs", server.url, str(picture)) >= 10


def test_images(server):
    assert play("images.mjs", server.url) >= 4


def test_hostile_texts(server):
    assert play("hostile.mjs", server.url) >= 5


def test_everybody_can_use_it(server):
    assert play("access.mjs", server.url) >= 6


def test_axe_finds_nothing(server):
    assert play("axe.mjs", server.url) >= 5


def test_speed(server):
    assert play("speed.mjs", server.url) >= 3


def test_trouble(eai, stopped):
    running = eai.run("eai-demo")
    port = running.url.rsplit(":", 1)[1]

    def kill():
        watched = Watched(running.pid)
        os.kill(running.pid, signal.SIGKILL)
        assert watched.ended(10)

    assert play("trouble.mjs", running.url, on={"kill": kill, "start": lambda: eai("model", "run", "eai-demo", "--port", port)}) >= 6


def test_a_server_with_a_key(eai, stopped, monkeypatch):
    monkeypatch.setitem(eai.environment, "EAI_API_KEYS", "a-key-for-this-test-alone")
    running = eai.run("eai-demo")
    assert play("key.mjs", running.url, "a-key-for-this-test-alone") == 1

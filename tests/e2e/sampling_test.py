"""The sampling that a family of models was made for applies if a request does not say otherwise, and only then. The API
hands a request on as it is, so the engine is asked here what it makes of one."""
import http.client
import json
import socket

import pytest
from conftest import engines_of, words_of

QWEN3 = {"temperature": 0.8, "top_k": 20, "top_p": 0.95, "min_p": 0.0, "presence_penalty": 1.5}


def settings_for(server, **asked):
    """The sampling with which the engine answers such a request."""
    (engine,) = engines_of(server.pid)
    words = words_of(engine)
    connection = http.client.HTTPConnection("engine")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(f"/proc/{engine}/cwd/{words[words.index('--host') + 1]}")
    connection.request("POST", "/completion", json.dumps({"prompt": "Hello", "n_predict": 1, **asked}),
                       {"Content-Type": "application/json"})
    return json.loads(connection.getresponse().read())["generation_settings"]


def expect(server, wanted, **asked):
    used = settings_for(server, **asked)
    assert {name: used[name] for name in wanted} == pytest.approx(wanted)


def test_by_the_name_of_the_folder(stopped):
    stopped.copy_chat("qwen3-tiny")
    server = stopped.run("qwen3-tiny")
    expect(server, QWEN3)
    expect(server, {**QWEN3, "temperature": 0.25, "presence_penalty": 0.0}, temperature=0.25, presence_penalty=0)
    expect(server, QWEN3)


def test_by_the_catalog_of_the_user(stopped):
    stopped("model", "download", "eai-demo")
    catalog = stopped.home / "eai/config/catalog.toml"
    catalog.parent.mkdir(parents=True, exist_ok=True)
    catalog.write_text(f'[models.mine]\nhash = "{stopped.stored("eai-demo").name}"\nfamily = "lfm2"\n')
    try:
        expect(stopped.run("mine"), {"temperature": 0.3, "min_p": 0.15, "repeat_penalty": 1.05})
    finally:
        catalog.unlink()

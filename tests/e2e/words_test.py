"""The short words at the top level, names by their beginning, and further names for models."""
import json
import threading

import pytest
from conftest import WAIT

DEMO = "bafkreifz7q6ee5z7matbenlatw3ofwnuqqlmvibgyni6fw47e3jye5lmj4"


@pytest.fixture
def demo(eai):
    eai("pull", "eai-demo")
    yield eai
    eai.start("rm", "eai-demo", "--force").communicate(timeout=WAIT)


def test_short_words_do_what_the_long_ones_do(eai):
    told = [json.loads(line) for line in eai("pull", "eai-demo", "--json").stdout.splitlines()]
    assert told[-1]["event"] == "done" and told[-1]["hash"] == DEMO
    assert eai.json("ls") == eai.json("model", "list") and eai("ls").stdout == eai("model", "list").stdout
    removed = eai.json("rm", "eai-demo")
    assert removed["event"] == "removed" and removed["hash"] == DEMO
    assert eai.json("ls")["models"] == []


@pytest.mark.parametrize("words,status,said", [
    (["pull"], 2, "say which model"),
    (["pull", "eai-dem"], 3, "did you mean eai-demo, eai-demo-embed or eai-demo-image?"),
    (["pull", "--gatway", "x"], 2, "See `eai pull --help`"),
    (["rm", "nobody"], 3, "no model is called"),
    (["stop"], 3, "no server is running"),
    (["stop", "eai-demo"], 3, "no server is running"),
    (["lss"], 2, "did you mean ls?"),
    (["cp", "eai-demo"], 2, "eai cp <model> <name>"),
    (["cp", "eai-demo", "a", "b"], 2, "eai cp <model> <name>"),
    (["cp", "nobody", "a"], 3, "no model is called"),
    (["cp", "eai-demo", "qwen3-8b"], 2, "a model is called qwen3-8b already"),
    (["cp", "eai-demo", "a/b"], 2, 'the name "a/b" holds the character /'),
])
def test_wrong_words_say_what_is_right(stopped, words, status, said):
    assert said in stopped(*words, status=status).stderr


def test_a_beginning_is_enough_but_never_to_remove(demo):
    assert "eai-demo" in demo("model", "check", "eai-d").stdout, "it is the only one on this disk"
    assert "eai-demo" in demo("model", "check", DEMO[:14]).stdout
    assert "did you mean eai-demo" in demo("rm", "eai-d", status=3).stderr
    assert "eai-demo-embed" in demo("pull", "eai-demo-e").stdout, "the only known one"
    assert "did you mean" in demo("model", "check", "eai-d", status=3).stderr, "two by now"
    demo("rm", "eai-demo-embed")


def test_an_alias_is_a_name_and_no_copy(demo):
    assert demo.json("cp", "eai-demo", "helper") == {
        "event": "named", "alias": "helper", "name": "eai-demo", "hash": DEMO}
    assert demo.json("model", "check", "HELPER")["hash"] == DEMO
    assert demo.json("cp") == {"alias": "helper", "name": "eai-demo", "hash": DEMO}
    assert "helper" in demo("model", "alias").stdout
    assert "eai-demo, which stays" in demo("rm", "helper").stdout
    assert [m["hash"] for m in demo.json("ls")["models"]] == [DEMO]
    assert "no model is called" in demo("model", "check", "helper", status=3).stderr
    assert "no aliases" in demo("cp").stderr


def test_what_is_loaded_and_how_it_goes(stopped):
    eai = stopped
    assert eai.json("ps", status=3) == {"running": False}
    server = eai.run("eai-demo,eai-demo-embed")
    loaded = eai.json("ps")
    assert [m["name"] for m in loaded["models"]] == ["eai-demo"] and loaded["running"]
    one = loaded["models"][0]
    assert one["memory_now"] > 0 and one["context_length"] > 0 and one["last_used"] >= one["ready_since"] - 1
    (row,) = eai("ps").stdout.splitlines()
    cells = row.split("\t")
    assert cells[0] == "eai-demo (main)" and cells[-1] == DEMO and len(cells) == 7, "a pipe gets whole cells and no heading"
    assert eai("model", "ps").stdout.startswith("eai-demo (main)\t")

    assert "is not loaded" in eai("stop", "eai-demo-embed", status=3).stderr
    refused = eai("stop", "nobody", status=3).stderr
    assert "eai-demo" in refused and "eai-demo-embed" in refused
    gone = eai.json("stop", "eai-demo")
    assert gone["event"] == "unloaded" and gone["hash"] == DEMO and gone["bytes"] > 0
    assert eai.json("ps")["models"] == [] and "No model is loaded" in eai("ps").stderr
    assert "Paris" in server.ask("What is the capital of France?"), "the next request loads it again"
    assert "unloaded eai-demo" in eai("model", "stop", DEMO[:14]).stdout
    assert eai.json("stop")["event"] == "stopped"


def test_unloading_cuts_no_answer(stopped):
    server = stopped.run("eai-demo")
    endings = []

    def stories():
        for _ in range(5):
            parts = list(server.openai.chat.completions.create(
                model="local-model", messages=[{"role": "user", "content": "Tell me a story"}], stream=True,
                temperature=0))
            endings.append((parts[-1].choices[0].finish_reason, len(parts) > 20))

    asking = threading.Thread(target=stories, daemon=True)
    asking.start()
    while asking.is_alive():
        process = stopped.start("stop", "eai-demo")
        out, err = process.communicate(timeout=WAIT)
        assert process.returncode == 0 or "is not loaded" in err, out + err
    assert endings == [("stop", True)] * 5

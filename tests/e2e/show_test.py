"""`eai show`: what a model is, what it needs, and where it comes from."""
import json

import pytest
from gguf_maker import write_gguf

DEMO = "bafkreifz7q6ee5z7matbenlatw3ofwnuqqlmvibgyni6fw47e3jye5lmj4"


@pytest.fixture(scope="module")
def demo(eai):
    eai("pull", "eai-demo,eai-demo-image")
    return eai


def test_a_stored_model(demo):
    told = demo.json("show", "eai-demo")
    assert told["hash"] == DEMO and told["task"] == "chat" and told["capabilities"] == ["chat", "vision"]
    assert told["here"] and told["origin"] == "downloaded" and told["format"] == "archive"
    assert {f["name"] for f in told["files"]} == {"model.gguf", "projector.gguf"} and told["parts"][0]["cid"]
    assert sum(f["size"] for f in told["files"]) == told["size"]
    assert told["model"]["architecture"] == "llama" and told["model"]["license"] == "apache-2.0"
    assert told["fit"]["fits"] and 0 < told["fit"]["need"] < told["fit"]["budget"]
    shown = demo("model", "show", "eai-demo").stdout
    for text in (DEMO, "2.50 million parameters", "apache-2.0", "2048 tokens", ": fits", "downloaded on", told["folder"],
                 *(part["cid"] for part in told["parts"])):
        assert text in shown, text
    small = demo.json("show", "eai-demo", "--context-length", "512")["fit"]
    assert small["context_length"] == 512 and small["need"] < told["fit"]["need"]
    tight = demo("show", "eai-demo", "--memory-limit", "1MB").stdout
    assert "does not fit" in tight


def test_the_template_alone(demo):
    template = demo("show", "eai-demo", "--template").stdout
    assert template == demo.json("show", "eai-demo")["model"]["template"] + "\n"
    assert demo.json("show", "eai-demo", "--template")["template"] + "\n" == template
    assert "has no chat template" in demo("show", "eai-demo-image", "--template", status=3).stderr


def test_an_image_model_and_one_that_is_not_here(demo):
    drawn = demo.json("show", "eai-demo-im")
    assert drawn["name"] == "eai-demo-image" and drawn["capabilities"] == ["image-generation"]
    far = demo.json("show", "qwen3-8b")
    assert far["here"] is False and far["size_gb"] > 6 and "files" not in far
    assert "`eai pull qwen3-8b`" in demo("show", "qwen3-8b").stdout
    assert "is not here" in demo("show", "--hash", DEMO[:-1] + "i", status=3).stderr
    assert "say which model" in demo("show", status=2).stderr


def test_its_other_names_and_its_damage(demo):
    demo("cp", "eai-demo", "helper")
    assert demo.json("show", "helper")["aliases"] == ["helper"]
    assert "helper" in demo("show", "eai-demo").stdout
    demo("rm", "helper")
    model = demo.stored("eai-demo") / "model.gguf"
    whole = model.read_bytes()
    model.write_bytes(whole[:-1])
    assert "`eai model repair eai-demo`" in demo("show", "eai-demo", status=4).stderr
    model.write_bytes(whole)
    assert demo.json("show", "eai-demo")["here"]


def test_what_a_file_says_of_itself_harms_no_terminal(demo, tmp_path):
    file = tmp_path / "odd.gguf"
    write_gguf(file, {"general.architecture": "llama", "llama.context_length": 2048, "llama.embedding_length": 64,
                      "llama.block_count": 2, "llama.attention.head_count": 4, "tokenizer.chat_template": "a\x1b[2Jb\tc\nd",
                      "general.license": "free\x1b]0;x\x07\u202e", "general.source.url": "https://example.org/\x1b[31m"},
               {"x": ((32,), "f32", b"\0" * 128)})
    demo("model", "import", file)
    shown = demo("show", "odd").stdout
    assert "\x1b" not in shown and "\u202e" not in shown and "free?]0;x" in shown and "https://example.org/?[31m" in shown
    assert demo("show", "odd", "--template").stdout == "a?[2Jb\tc\nd\n"
    raw = demo("show", "odd", "--json").stdout
    assert "\x1b" not in raw and json.loads(raw)["model"]["license"] == "free\x1b]0;x\x07\u202e"

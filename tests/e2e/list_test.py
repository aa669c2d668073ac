"""`eai ls`: what lies on this disk, what it takes, and when it was used last."""
import os
import time

import pytest
from conftest import WAIT
from gguf_maker import gguf

MIB = 1 << 20


@pytest.fixture
def demo(eai):
    eai("pull", "eai-demo")
    yield eai
    eai.start("rm", "eai-demo", "--force").communicate(timeout=WAIT)


def listed(eai, name):
    return {m["name"]: m for m in eai.json("ls")["models"]}[name]


def test_what_models_take(demo):
    one = listed(demo, "eai-demo")
    assert one["disk"] >= one["size"] and one["frees"] == one["disk"] and one["aliases"] == []
    on_disk = sum(f.stat().st_blocks * 512 for f in demo.stored("eai-demo").rglob("*") if f.is_file())
    assert one["disk"] == on_disk == demo.json("ls")["disk"]
    assert "take" not in demo("ls").stderr, "of one model the table says it all"


def test_linked_files_count_once(demo, tmp_path):
    """The file stays where it was imported from, so removing the model frees next to nothing."""
    mine = demo.home / "mine.gguf"
    mine.write_bytes(gguf([("x", os.urandom(4 * MIB))]))
    demo("model", "import", mine)  # by a second name, or by sharing its blocks
    one = listed(demo, "mine")
    assert one["disk"] >= 4 * MIB and one["frees"] < MIB
    assert "mine shares 4.20 MB with other files" in demo("ls").stderr
    told = demo("ls").stderr
    assert "2 models take " in told
    assert demo.json("ls")["disk"] == sum(m["disk"] for m in demo.json("ls")["models"])
    demo("rm", "mine")
    assert mine.stat().st_size > 4 * MIB


def test_when_a_model_was_used(stopped, demo):
    assert listed(demo, "eai-demo")["last_used"] is None and "never" in demo("ls").stdout
    before = int(time.time())
    server = demo.run("eai-demo")
    assert "Paris" in server.ask("What is the capital of France?")
    assert listed(demo, "eai-demo")["last_used"] >= before - 1
    assert " ago\t" in demo("ls").stdout
    demo("stop")
    log = demo.home / "eai/logs/engines/eai-demo.log"
    os.utime(log, (before - 10 * 86400,) * 2)
    assert listed(demo, "eai-demo")["last_used"] == before - 10 * 86400 and "10 days ago" in demo("ls").stdout
    log.unlink()


def test_its_other_names(demo):
    demo("cp", "eai-demo", "helper")
    assert listed(demo, "eai-demo")["aliases"] == ["helper"]
    demo("rm", "helper")

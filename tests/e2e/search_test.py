"""`eai search`: models by a part of what is known of them, here and in the catalog."""
import os
import subprocess

import pytest
from conftest import EAI, WAIT

DEMO = "bafkreifz7q6ee5z7matbenlatw3ofwnuqqlmvibgyni6fw47e3jye5lmj4"


def found(eai, *words, **more):
    return {m["name"]: m for m in eai.json("search", *words, **more)["models"]}


def test_all_words_must_occur(eai):
    assert list(found(eai, "8b", "QWEN3")) == ["qwen3-8b"]
    assert list(found(eai, "qwen3 8b")) == ["qwen3-8b"], "words of one argument"
    assert set(found(eai, "embed")) == {"eai-demo-embed", "qwen3-embedding-0.6b", "qwen3-embedding-4b"}
    assert list(found(eai, DEMO[:16])) == list(found(eai, f"ipfs://{DEMO}")) == ["eai-demo"]


def test_what_is_here_and_what_fits(eai):
    assert found(eai, "eai-demo")["eai-demo"]["state"] == "not here"
    eai("pull", "eai-demo")
    one = found(eai, "eai-demo")["eai-demo"]
    assert one["here"] and one["state"] == "here" and one["room"] == "enough"
    assert one["task"] == "chat" and one["size"] > 3e6 and one["ram"] > 0 and one["hash"] == DEMO
    rows = [line.split() for line in eai("search", "eai-demo").stdout.splitlines()]
    assert ["chat", "here"] in [row[-2:] for row in rows if row[0] == "eai-demo"] and len(rows) >= 3
    catalog = eai.home / "eai/config/catalog.toml"
    catalog.parent.mkdir(parents=True, exist_ok=True)
    catalog.write_text('[models.giant]\nhash = "bafkreie5m6dpiwvyzqo6iihbnzu2wuqb5jj4tqntzdhbvpfovtn4pxifpq"\n'
                       'size_gb = 900000.0\nram_gb = 900001.0\n[aliases]\nhelper = "eai-demo"\n')
    assert found(eai, "giant")["giant"]["room"] == "too_small"
    assert "too large for this machine" in eai("search", "giant").stdout
    assert found(eai, "helper")["eai-demo"]["aliases"] == ["helper"]
    catalog.unlink()


def test_models_here_that_are_in_no_catalog(eai):
    eai.copy_chat("my-own")
    assert found(eai, "own")["my-own"]["here"]


@pytest.mark.parametrize("words, status, said", [
    ([], 2, "eai search qwen3"),
    (["", " "], 2, "eai search qwen3"),
    (["qwen3-8c"], 3, "did you mean qwen3-8b"),
    (["qwen3", "flux"], 3, 'no model has "qwen3" and "flux"'),
    (["zzzzzzzz"], 3, "eai model list --all"),
    (["x", "--jsn"], 2, "did you mean --json?"),
])
def test_wrong_words(eai, words, status, said):
    refused = eai("search", *words, status=status)
    assert said in refused.stderr and refused.stdout == ""


def test_bytes_that_are_not_utf8_do_no_harm(eai):
    done = subprocess.run([os.fsencode(EAI), b"search", b"\xff\x1b[2J"], env=eai.environment, capture_output=True, timeout=WAIT)
    assert done.returncode == 3 and b"\x1b" not in done.stderr and done.stderr.decode()

"""What lies in a home: looking writes nothing, removing leaves nothing, and what a newer version has stored is left alone."""
import json

import pytest
from conftest import Eai


@pytest.mark.parametrize("words", [["list"], ["list", "--all"], ["list", "--json"], ["check"]])
def test_looking_at_an_empty_home_does_not_make_it(tmp_path, words):
    eai = Eai(tmp_path)
    eai("model", *words)
    assert not (tmp_path / "eai").exists()


def test_an_empty_home_that_nobody_can_write_to_is_listed(tmp_path):
    eai = Eai(tmp_path)
    eai.environment["EAI_HOME"] = "/proc/self"  # even root makes no folder there
    assert eai.json("model", "list") == {"models": [], "damaged": [], "unfinished": []}
    assert "There are no models here yet" in eai("model", "list").stderr


def test_remove_leaves_nothing_of_a_model(eai):
    removed = eai.copy_chat("gone")
    stays = eai.copy_chat("stays")
    eai("model", "preserve", eai.home / "copies/stays", "--format", "unixfs", "--dry-run", "--task", "chat")
    server = eai.run("gone")
    server.ask("Hi", max_tokens=1)
    eai("model", "stop")
    home = eai.home / "eai"

    def traces(model):
        # What the server has said and done stays: its record and its logs.
        files = [path for path in home.rglob("*") if not {"logs", "run"} & set(path.parts)]
        return [path.relative_to(home) for path in files
                if model in path.name or path.is_file() and path.suffix == ".json" and model in path.read_text()]

    assert {path.parts[0] for path in traces(removed)} == {"models", "locks", "preserve", "measured.json"}
    before = traces(stays)
    eai("model", "remove", "gone")
    assert traces(removed) == []
    assert traces(stays) == before


def test_what_a_newer_version_has_stored_is_left_alone(eai):
    model = eai.copy_chat("from-tomorrow")
    manifest = eai.home / "eai/models" / model / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"format": 3}))
    listed = eai.json("model", "list")
    assert [one["hash"] for one in listed["newer"]] == [model] and listed["damaged"] == []
    assert "written by a newer version of eai (format 3; this one reads up to 2)" in listed["newer"][0]["why"]
    assert "a newer eai can use it" in eai("model", "list").stderr
    assert "is not checked" in eai("model", "check").stderr
    for command in ("download", "check", "run"):
        assert "newer version" in eai("model", command, model, status=9).stderr
    assert manifest.exists()
    eai("model", "remove", model)
    assert not manifest.exists() and "newer" not in eai.json("model", "list")

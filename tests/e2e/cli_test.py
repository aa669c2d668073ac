"""The command line by itself: words, tables, JSON, pipes, terminals and configuration. No server is started here."""
import fcntl
import json
import os
import pathlib
import pty
import select
import shutil
import signal
import struct
import subprocess
import termios

import pytest
from conftest import EAI, WAIT
from legacy import MIB, Gateway, big_gguf, cid_of, container

DEMO = "bafkreifz7q6ee5z7matbenlatw3ofwnuqqlmvibgyni6fw47e3jye5lmj4"


@pytest.fixture
def demo(eai):
    """eai-demo is stored, and complete."""
    eai("model", "download", "eai-demo")
    yield eai
    eai.start("model", "remove", "eai-demo").communicate(timeout=WAIT)


def on_terminal(eai, words, columns, **variables):
    """What `eai WORDS` writes when stdout and stderr are a terminal of that width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen([EAI, *words], env={**eai.environment, "TERM": "xterm", **variables},
                               stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    out = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        out += piece
    os.close(ours)
    assert process.wait(WAIT) == 0, out
    return out.decode()


def test_version_and_help(eai):
    assert eai("--version").stdout.startswith("eai ")
    assert "eai model run" in eai("--help").stdout
    assert "--context-length" in eai("model", "run", "--help").stdout


def test_download_list_check_remove(eai):
    done = [json.loads(line) for line in eai("model", "download", "eai-demo", "--json").stdout.splitlines()]
    assert done[-1]["event"] == "done" and done[-1]["hash"] == DEMO and not done[-1]["was_here"]
    assert "is already here" in eai("model", "download", "--hash", DEMO).stdout

    listed = eai.json("model", "list")["models"]
    assert [model["name"] for model in listed] == ["eai-demo"]
    assert {file["name"] for file in listed[0]["files"]} == {"model.gguf", "projector.gguf"}
    assert "eai-demo" in eai("model", "ls").stdout

    assert "good" in eai("model", "check", "eai-demo").stdout
    model = pathlib.Path(listed[0]["folder"]) / "model.gguf"
    with open(model, "r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last[0] ^ 1]))
    damaged = eai("model", "check", status=4)
    assert "model.gguf" in damaged.stdout

    eai("model", "remove", "eai-demo")
    assert eai.json("model", "list")["models"] == []
    assert "not here" in eai("model", "remove", "eai-demo", status=3).stderr
    assert "not here" in eai("model", "check", "eai-demo", status=3).stderr


def test_damaged_model_is_named_and_can_be_replaced(demo):
    folder = pathlib.Path(demo.json("model", "list")["models"][0]["folder"])
    (folder / "model.gguf").unlink()
    assert demo.json("model", "list")["damaged"][0]["hash"] == DEMO
    assert "model.gguf" in demo("model", "check", "eai-demo", status=4).stdout
    demo("model", "download", "eai-demo")
    demo("model", "check", "eai-demo")


@pytest.mark.parametrize("words,status,said", [
    (["model", "download", "eai-dem"], 3, "did you mean eai-demo"),
    (["model", "download"], 2, "list --all"),
    (["model", "check", "--hash", DEMO[:-1] + "0"], 2, "'0' at position 59"),
    (["model", "lits"], 2, "did you mean list"),
    (["model", "list", "--jsno"], 2, "did you mean --json"),
    (["download", "eai-demo"], 2, "eai model download"),
    (["model", "adopt", "/nonexistent"], 3, "/nonexistent"),
])
def test_wrong_words_say_what_is_right(eai, words, status, said):
    assert said in eai(*words, status=status).stderr


def test_error_is_json_too(eai):
    refused = eai("model", "check", "nobody", "--json", status=3)
    told = json.loads(refused.stdout)
    assert told["event"] == "error" and told["code"] == "not_found" and told["exit_status"] == 3


def test_configuration_errors_name_file_and_line(eai):
    folder = pathlib.Path(eai.environment["EAI_HOME"]) / "config"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        (folder / "config.toml").write_text("[server]\nprot = 1\n")
        assert "config.toml, line 2" in eai("model", "list", status=2).stderr
        (folder / "config.toml").write_text("[output]\njson = true\n")
        assert json.loads(eai("model", "list").stdout)["models"] == []
        (folder / "catalog.toml").write_text(f'[models.mine]\nhash = "{DEMO}"\n')
        (folder / "config.toml").unlink()
        assert "mine" in eai("model", "list", "--all").stdout
    finally:
        shutil.rmtree(folder)


def test_pipe_that_ends_early_is_no_error(eai):
    for words in (["--help"], ["model", "list", "--all"], ["model", "list", "--all", "--json"]):
        process = subprocess.run(["sh", "-c", '"$@" | head -n 1', "sh", str(EAI), *words], env=eai.environment, text=True,
                                 capture_output=True, timeout=WAIT)
        assert process.stdout and process.stderr == ""


def test_full_disk_is_an_error(eai):
    with open("/dev/full", "w") as full:
        process = subprocess.run([EAI, "model", "list", "--all"], env=eai.environment, stdout=full, timeout=WAIT,
                                 stderr=subprocess.PIPE, text=True)
    assert process.returncode == 8 and "No space left" in process.stderr


def test_terminals_wide_narrow_and_without_colour(demo):
    wide = on_terminal(demo, ["model", "list", "--all"], 200)
    assert DEMO in wide and "\033[1m" in wide
    narrow = on_terminal(demo, ["model", "list", "--all"], 80, NO_COLOR="1")
    assert "\033" not in narrow and DEMO not in narrow
    assert all(len(line) <= 80 for line in narrow.splitlines())
    tight = on_terminal(demo, ["model", "list", "--all"], 76, NO_COLOR="1")
    assert all(len(line) <= 76 for line in tight.splitlines()) and "…" in tight.splitlines()[-1]


def test_download_draws_on_a_terminal_and_not_in_a_pipe(eai):
    drawn = on_terminal(eai, ["model", "download", "eai-demo-embed"], 60)
    assert "is here and verified" in drawn
    assert max(len(frame) for line in drawn.splitlines() for frame in line.split("\r")) < 200
    eai("model", "remove", "eai-demo-embed")
    piped = eai("model", "download", "eai-demo-embed")
    assert "\r" not in piped.stderr and "\033" not in piped.stderr
    assert eai("model", "check", "eai-demo-embed", "-q").stderr == ""
    eai("model", "remove", "eai-demo-embed")


def test_adoption_takes_the_files_of_the_python_tool(demo, tmp_path):
    model = demo.json("model", "list")["models"][0]
    old = tmp_path / "llms-storage"
    old.mkdir()
    for ours, theirs in (("model.gguf", ".gguf"), ("projector.gguf", ".gguf-projector"), ("metadata.json", ".json")):
        shutil.copy(pathlib.Path(model["folder"]) / ours, old / (DEMO + theirs))
    demo("model", "remove", "eai-demo")
    (told,) = [json.loads(line) for line in demo("model", "adopt", str(old), "--json").stdout.splitlines()]
    assert told["event"] == "adopted" and told["hash"] == DEMO
    assert demo.json("model", "list")["models"][0]["origin"] == "adopted"
    demo("model", "check", "eai-demo")
    assert (old / f"{DEMO}.gguf").exists()
    (old / f"{DEMO}.json").write_text("{}")
    demo("model", "remove", "eai-demo")
    assert demo.json("model", "adopt", str(old), "--offline")["event"] == "adopted", "the program itself has its metadata"


@pytest.mark.parametrize("kept", ["as the tool writes it", "by an older tool, not at all"])
def test_adoption_of_metadata_that_is_not_as_it_was(eai, tmp_path, kept):
    """The tool keeps a parsed and rewritten copy with a field of its own, or no copy at all."""
    weights = big_gguf(MIB)
    plain, blocks = container("old", {"old": weights}, hf_repo="a \u00fc \"b\"")
    document = json.dumps(json.loads(blocks[plain]), indent=4).encode()  # as its uploader does
    model = cid_of(document)
    (tmp_path / f"{model}.gguf").write_bytes(weights)
    with Gateway({model: document}) as gateway:
        if kept.startswith("as"):
            with open(tmp_path / f"{model}.json", "w") as file:
                json.dump(json.loads(document) | {"filecoin_hash": model}, file)
            told = eai.json("model", "adopt", tmp_path, "--offline")
        else:
            (tmp_path / f"{model}.json").write_text("{}")
            refused = eai("model", "adopt", tmp_path, "--offline", status=4)
            assert "refused" in refused.stdout and "does not match the hash" in refused.stdout
            (tmp_path / f"{model}.json").unlink()
            refused = eai("model", "adopt", tmp_path, "--offline", status=5)
            assert f"there is no {model}.json" in refused.stdout and gateway.asked == 0
            listed = eai.json("model", "list")
            assert listed["models"] == listed["damaged"] == listed["unfinished"] == []
            told = eai.json("model", "adopt", tmp_path, "--no-public-gateways", "--gateway", gateway.url)
            assert gateway.sent == len(document)
    assert told["event"] == "adopted" and told["hash"] == model
    eai("model", "check", "--hash", model)
    eai("model", "remove", "--hash", model)


def test_ctrl_c_stops_a_check(demo):
    # A model so large that the signal comes while it is being read.
    folder = pathlib.Path(demo.json("model", "list")["models"][0]["folder"])
    manifest = json.loads((folder / "manifest.json").read_text())
    size = 64 << 30
    os.truncate(folder / "model.gguf", size)
    next(file for file in manifest["files"] if file["name"] == "model.gguf")["size"] = size
    (folder / "manifest.json").write_text(json.dumps(manifest))
    process = demo.start("model", "check", "eai-demo")
    assert select.select([process.stderr], [], [], WAIT)[0]  # it has begun
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=WAIT)
    assert process.returncode == 130

"""`eai run <name> "prompt"` and piped text: one answer on stdout and nothing else there, whatever stdin and stdout are."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import pytest
from conftest import BUILD, EAI, WAIT, Eai, Watched, engines_of
from pictures import png

PARIS = "What is the capital of France?"


def run(eai, *words, given=None, status=0, **more):
    """`eai run eai-demo WORDS` with `given` on stdin."""
    stdin = {"input": given} if given is not None else {"stdin": more.pop("stdin", subprocess.DEVNULL)}
    done = subprocess.run([EAI, "run", "eai-demo", *map(str, words)], env=eai.environment, text=True, timeout=WAIT,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, **stdin, **more)
    assert done.returncode == status, done
    return done


def test_it_starts_a_server_that_stays(stopped):
    first = run(stopped, "--port", "0", PARIS)
    assert "Paris" in first.stdout and first.stdout.count("\n") == 1 and "eai model stop" in first.stderr
    pid = stopped.json("model", "status")["pid"]
    again = run(stopped, "--temperature", "0", *PARIS.split())
    assert "Paris" in again.stdout and again.stderr == "" and stopped.json("model", "status")["pid"] == pid


def test_what_was_given_goes_to_the_server_too(stopped):
    run(stopped, "--port", "0", "--context-length", "512", PARIS)
    assert stopped.states()["eai-demo"]["context_length"] == 512


def test_piped_text_joins_the_prompt(server):
    assert "Paris" in run(server.eai, given=PARIS + "\n").stdout
    told = json.loads(run(server.eai, "What is", "--json", given="the capital of France?").stdout)
    alone = json.loads(run(server.eai, "What is\n\nthe capital of France?", "--json").stdout)
    assert told["prompt_tokens"] == alone["prompt_tokens"]


def test_json_is_one_object(stopped):
    out = run(stopped, "--port", "0", "--json", "--temperature", "0", PARIS)
    told = json.loads(out.stdout)
    assert out.stderr == "" and "Paris" in told["content"] and told["finish_reason"] == "stop"
    assert told["name"] == "eai-demo" and told["model"].startswith("bafkrei")
    assert told["prompt_tokens"] > 0 and told["generated_tokens"] > 0 and told["tokens_per_second"] > 0
    assert 0 < told["seconds_to_first_word"] < WAIT


def test_options_reach_the_model(server):
    def told(*words):
        return json.loads(run(server.eai, "--json", "--temperature", "0", *words).stdout)
    plain = told("Count to 12")
    assert told("Count to 12", "--max-tokens", "4")["finish_reason"] == "length"
    assert told("Count to 12", "--system", "You count.")["prompt_tokens"] > plain["prompt_tokens"]


def test_a_picture_goes_with_the_question(server, tmp_path):
    picture = tmp_path / "a b.png"
    picture.write_bytes(png(64, 64))
    plain = json.loads(run(server.eai, "--json", "What do you see?").stdout)
    seen = json.loads(run(server.eai, "--json", "What do you see?", "--image", picture).stdout)
    assert seen["prompt_tokens"] > plain["prompt_tokens"]
    (tmp_path / "text.png").write_text("no picture")
    assert "not a picture" in run(server.eai, "x", "--image", tmp_path / "text.png", status=2).stderr
    assert "nothing.png" in run(server.eai, "x", "--image", tmp_path / "nothing.png", status=3).stderr


def test_a_server_that_serves_others_is_not_replaced_unasked(stopped):
    other = stopped.run("eai-demo-embed")
    refused = run(stopped, PARIS, status=7)
    assert "eai-demo-embed" in refused.stderr and "eai model run eai-demo-embed,eai-demo --force" in refused.stderr
    assert stopped.json("model", "status")["pid"] == other.pid
    assert "Paris" in run(stopped, PARIS, "--force", "--port", "0").stdout
    assert list(stopped.states()) == ["eai-demo"]


@pytest.mark.parametrize("words, status, said", [
    ([], 2, "which model"),
    (["eai-demo-embed", "x"], 2, "cannot chat"),
    (["eai-dem", "x"], 3, "eai-demo"),
    (["eai-demo", ""], 2, "nothing to ask"),
    (["eai-demo", "  "], 2, "nothing to ask"),
    (["eai-demo", "x", "--temperature", "hot"], 2, "--temperature"),
    (["eai-demo", "x", "--temperature", "-1"], 2, "--temperature"),
    (["eai-demo", "x", "--temperature", "nan"], 2, "--temperature"),
    (["eai-demo", "x", "--max-tokens", "many"], 2, "--max-tokens"),
    (["eai-demo", "x", "--thin"], 2, "--think"),
])
def test_wrong_words(server, words, status, said):
    refused = server.eai("run", *words, status=status)
    assert said in refused.stderr and refused.stdout == ""


def test_wrong_input(server, tmp_path):
    folder = os.open(tmp_path, os.O_RDONLY)
    assert "folder" in run(server.eai, stdin=folder, status=2).stderr
    os.close(folder)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with open(tmp_path / "bytes") as file:
        assert "UTF-8" in run(server.eai, stdin=file, status=2).stderr
    closed = subprocess.run(["sh", "-c", f'exec "{EAI}" run eai-demo "{PARIS}" <&-'], env=server.eai.environment,
                            capture_output=True, text=True, timeout=WAIT)
    assert closed.returncode == 0 and "Paris" in closed.stdout


def test_200_kb_are_refused_in_the_servers_words_and_the_server_lives(server):
    refused = run(server.eai, given="word " * 40_000, status=2)
    assert "context" in refused.stderr and refused.stdout == ""
    assert "Paris" in run(server.eai, PARIS).stdout


def test_a_reader_that_leaves_and_a_full_disk(server):
    left = subprocess.run(["bash", "-c", f'"{EAI}" run eai-demo "Tell me a story" | head -c 1; exit ${{PIPESTATUS[0]}}'],
                          env=server.eai.environment, capture_output=True, text=True, timeout=WAIT, stdin=subprocess.DEVNULL)
    assert left.returncode == 0 and len(left.stdout) == 1 and left.stderr == ""
    with open("/dev/full", "w") as full:
        done = subprocess.run([EAI, "run", "eai-demo", PARIS], env=server.eai.environment, stdin=subprocess.DEVNULL,
                              stdout=full, stderr=subprocess.PIPE, text=True, timeout=WAIT)
    assert done.returncode == 8 and "No space left" in done.stderr


def test_a_key_is_not_needed_on_this_machine(stopped, tmp_path):
    keys = tmp_path / "keys"
    keys.touch(mode=0o600)
    keys.write_text("secret\n")
    stopped.run("eai-demo", "--api-key-file", keys)
    assert "Paris" in run(stopped, PARIS).stdout


@pytest.fixture
def with_engine():
    """A program whose engine is this shell script; `$ENGINE` is the real one."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="eai-"))
    eai = Eai(home)

    def make(script):
        engine = home / "llama-server"
        engine.write_text(f"#!/bin/sh\nENGINE={BUILD / 'libexec/eai/llama-server'}\n{script}\n")
        engine.chmod(0o755)
        eai.environment["EAI_LLAMA_SERVER"] = str(engine)
        return eai

    yield make
    eai.start("model", "stop").communicate(timeout=WAIT)
    shutil.rmtree(home)


@pytest.mark.parametrize("whom, status, said", [("us", 130, "Stopped."), ("server", 5, "in the middle of its answer")])
def test_an_end_in_mid_answer(with_engine, whom, status, said):
    eai = with_engine('exec "$ENGINE" "$@" --ignore-eos')
    server = eai.run("eai-demo").pid
    process = eai.start("run", "eai-demo", "Tell me a story")
    first = process.stdout.read(1)
    for pid in engines_of(server):
        os.kill(pid, signal.SIGSTOP)
    os.kill(process.pid if whom == "us" else server, signal.SIGINT if whom == "us" else signal.SIGKILL)
    _, errors = process.communicate(timeout=WAIT)
    assert process.returncode == status and said in errors, (process.returncode, errors)
    assert first == "O"
    for pid in engines_of(server):
        os.kill(pid, signal.SIGCONT)


def test_ctrl_c_while_the_server_starts(with_engine):
    eai = with_engine('echo "$$" > "$HOME/began"; exec tail -f /dev/null')
    began = eai.home / "began"
    os.mkfifo(began)
    process = eai.start("run", "eai-demo", PARIS)
    engine = Watched(int(began.read_text()))  # waits for it
    os.kill(process.pid, signal.SIGINT)
    out, errors = process.communicate(timeout=WAIT)
    assert process.returncode == 130 and out == "" and "Stopped." in errors
    assert engine.ended(WAIT)
    assert "no server is running" in eai("model", "stop", status=3).stderr

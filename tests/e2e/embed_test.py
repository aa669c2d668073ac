"""`eai embed`: texts or lines in, vectors or the most similar texts out."""
import json
import os
import signal
import subprocess

import pytest
from conftest import EAI, WAIT, engines_of, similarity
from terminal import Terminal

TEXTS = ["How do I run a model?", "Which command starts a model?", "What is the capital of France?"]  # the last is another topic


def run(eai, *words, given=None, status=0, **more):
    """`eai embed eai-demo-embed WORDS` with `given` (bytes) on stdin."""
    stdin = {"input": given} if given is not None else {"stdin": more.pop("stdin", subprocess.DEVNULL)}
    done = subprocess.run([EAI, "embed", "eai-demo-embed", *map(str, words)], env=eai.environment, timeout=WAIT,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, **stdin, **more)
    assert done.returncode == status, done
    return done


def lines(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_it_starts_a_server_that_stays(stopped):
    first = run(stopped, "--port", "0", "a cat", "a model")
    told = lines(first)
    assert [t["text"] for t in told] == ["a cat", "a model"] and [t["index"] for t in told] == [0, 1]
    assert len(told[0]["embedding"]) == len(told[1]["embedding"]) > 8 and b"eai model stop" in first.stderr
    pid = stopped.json("model", "status")["pid"]
    again = run(stopped, "a cat", "--json")
    assert again.stderr == b"" and stopped.json("model", "status")["pid"] == pid
    assert similarity(lines(again)[0]["embedding"], told[0]["embedding"]) > 0.9999


def test_the_vectors_are_those_of_the_api(server):
    told = lines(run(server.eai, *TEXTS))
    for mine, theirs in zip(told, server.embed(TEXTS, server.hash_of("eai-demo-embed")), strict=True):
        assert mine["embedding"] == pytest.approx(theirs, abs=1e-6)


def test_lines_of_files_and_pipes(server, tmp_path):
    file = tmp_path / "a b.txt"
    file.write_bytes("\ufeffone cat\r\n\r\n  \nfünf Katzen\nlast".encode())
    told = lines(run(server.eai, "--file", file))
    assert [(t["index"], t["line"], t["text"]) for t in told] == [(0, 1, "one cat"), (1, 4, "fünf Katzen"), (2, 5, "last")]
    piped = lines(run(server.eai, given=file.read_bytes()))
    assert [t["line"] for t in piped] == [1, 4, 5] and piped[1]["text"] == "fünf Katzen"
    assert lines(run(server.eai, "--file", "-", given=b"x\n"))[0]["line"] == 1
    both = lines(run(server.eai, "word", "--file", file))
    assert [t["text"] for t in both] == ["word", "one cat", "fünf Katzen", "last"] and "line" not in both[0]


def test_many_lines_go_in_batches_and_in_order(server, tmp_path):
    file = tmp_path / "many"
    texts = [f"line number {i}" for i in range(1, 300)] + ["word " * 200] * 2
    file.write_text("\n".join(texts))
    done = run(server.eai, "--file", file)
    told = lines(done)
    assert [t["text"] for t in told] == texts and [t["index"] for t in told] == list(range(len(texts)))
    assert b"texts" in done.stderr, "how far it is"
    assert similarity(told[-1]["embedding"], told[-2]["embedding"]) > 0.9999
    alone = lines(run(server.eai, texts[200]))
    assert similarity(alone[0]["embedding"], told[200]["embedding"]) > 0.999


def test_the_most_similar_come_first(server, tmp_path):
    file = tmp_path / "animals"
    file.write_text("\n".join(TEXTS))
    told = lines(run(server.eai, "--similar", TEXTS[0], "--file", file, "--json"))
    assert [t["text"] for t in told] == TEXTS and told[0]["score"] == pytest.approx(1, abs=1e-4)
    assert [t["score"] for t in told] == sorted((t["score"] for t in told), reverse=True)
    assert told[2]["line"] == 3 and told[2]["index"] == 2
    table = run(server.eai, "--similar", TEXTS[0], "--top", "2", "--file", file).stdout.decode()
    assert TEXTS[1] in table and TEXTS[2] not in table


def test_on_a_terminal_vectors_are_short(server):
    with Terminal(server.eai) as terminal:
        terminal.line("eai embed eai-demo-embed 'a cat' $'a \\e[2J dog'")
        shown = terminal.wait("all numbers")
    assert "a ?[2J dog" in shown and "128" in shown and "…" in shown and '"embedding"' not in shown


@pytest.mark.parametrize("words, status, said", [
    ([], 2, "which model"),
    (["eai-demo", "x"], 2, "makes no embeddings"),
    (["eai-demo-image", "x"], 2, "eai image"),
    (["qwen3-32b", "x"], 2, "its task is chat"),
    (["eai-demo-embd", "x"], 3, "eai-demo-embed"),
    (["eai-demo-embed", ""], 2, "nothing to embed"),
    (["eai-demo-embed"], 2, "nothing to embed"),
    (["eai-demo-embed", "x", "--file", "/nonexistent/file"], 3, "/nonexistent/file"),
    (["eai-demo-embed", "x", "--file", "/"], 2, "folder"),
    (["eai-demo-embed", "x", "--top", "3"], 2, "--similar"),
    (["eai-demo-embed", "x", "--top", "-1"], 2, "--top"),
    (["eai-demo-embed", "x", "--similr", "y"], 2, "--similar"),
])
def test_wrong_words(server, words, status, said):
    refused = server.eai("embed", *words, status=status)
    assert said in refused.stderr and refused.stdout == ""


def test_wrong_input(server, tmp_path):
    (tmp_path / "bytes").write_bytes(b"good\n\xff\xfe\n")
    assert b"line 2 is not UTF-8" in run(server.eai, "--file", tmp_path / "bytes", status=2).stderr
    (tmp_path / "secret").write_text("x")
    folder = os.open(tmp_path, os.O_RDONLY)
    assert b"folder" in run(server.eai, stdin=folder, status=2).stderr
    os.close(folder)
    (tmp_path / "long").write_text("short\n" + "word " * 40_000 + "\nlast\n")
    refused = run(server.eai, "--file", tmp_path / "long", status=2)
    assert b"line 2: " in refused.stderr and refused.stdout == b""
    assert len(lines(run(server.eai, "still well"))) == 1


def test_a_reader_that_leaves_and_a_full_disk(server, tmp_path):
    file = tmp_path / "many"
    file.write_text("\n".join(f"line {i}" for i in range(500)))
    left = subprocess.run(["bash", "-c", f'"{EAI}" embed eai-demo-embed -q --file "{file}" | head -c 1; exit ${{PIPESTATUS[0]}}'],
                          env=server.eai.environment, capture_output=True, text=True, timeout=WAIT, stdin=subprocess.DEVNULL)
    assert left.returncode == 0 and len(left.stdout) == 1
    with open("/dev/full", "w") as full:
        done = subprocess.run([EAI, "embed", "eai-demo-embed", "x"], env=server.eai.environment, stdin=subprocess.DEVNULL,
                              stdout=full, stderr=subprocess.PIPE, text=True, timeout=WAIT)
    assert done.returncode == 8 and "No space left" in done.stderr


@pytest.mark.parametrize("whom, status, said", [("us", (130,), b"Stopped."), ("server", (3, 5), b"server")])
def test_an_end_in_the_middle(stopped, tmp_path, whom, status, said):
    server = stopped.run("eai-demo-embed")
    file = tmp_path / "many"
    file.write_text("\n".join(f"line {i}" for i in range(100_000)))
    process = subprocess.Popen([EAI, "embed", "eai-demo-embed", "--file", file], env=stopped.environment,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert json.loads(process.stdout.readline())["index"] == 0
    for pid in engines_of(server.pid):
        os.kill(pid, signal.SIGSTOP)
    os.kill(process.pid if whom == "us" else server.pid, signal.SIGINT if whom == "us" else signal.SIGKILL)
    _, errors = process.communicate(timeout=WAIT)
    assert process.returncode in status and said in errors
    if whom == "us":
        for pid in engines_of(server.pid):
            os.kill(pid, signal.SIGCONT)

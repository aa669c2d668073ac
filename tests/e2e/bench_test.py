"""`eai bench`: a model through eai, beside its engine alone."""
import os
import pathlib
import re
import signal

import pytest
from conftest import WAIT, engines_of

QUICK = ("--rounds", "2", "--prompt-tokens", "64", "--tokens", "8")
FIGURES = ("first_token_seconds", "prompt_tokens_per_second", "generated_tokens_per_second")


def engines_everywhere():
    """The processes of all engines on this machine that tests have started here, by their command lines."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"alone.sock" in words:
                found.append((int(entry.name), words))
    return found


def test_both_sides_are_measured_and_nothing_stays(stopped):
    told = stopped.json("bench", "eai-demo", "--port", "0", *QUICK)
    assert told["name"] == "eai-demo" and told["rounds"] == 2 and told["turns"] == "alternating"
    assert told["prompt_tokens"] == 64 and told["tokens"] == 8
    for figure in FIGURES:
        for side in ("eai", "engine"):
            assert 0 < told[figure][side]["least"] <= told[figure][side]["median"] <= told[figure][side]["most"]
        assert 0.01 < told[figure]["ratio"] < 100
    assert stopped.json("model", "status", status=3) == {"running": False}, "it had started a server, and stopped it"
    assert not engines_everywhere()
    assert not list((stopped.home / "eai/run/bench").glob("*")), "no socket and no record"


def test_people_see_a_table_and_a_server_stays(server):
    shown = server.eai("bench", "eai-demo", *QUICK)
    rows = [re.split(r"\t|  +", line) for line in shown.stdout.splitlines()][-3:]
    assert [row[0] for row in rows] == ["first token", "prompt", "generation"] and all(len(row) == 4 for row in rows)
    assert " ms (" in rows[0][1] and " tokens/s (" in rows[2][2]
    assert "2 rounds" in shown.stderr and "64 tokens of prompt" in shown.stderr
    assert server.eai.json("model", "status")["pid"] == server.pid


def test_the_engine_alone_is_started_like_the_servers(server):
    process = server.eai.start("bench", "eai-demo", "--rounds", "1000", "--tokens", "32")
    try:
        mine = theirs = None
        while not (mine and theirs):
            assert process.poll() is None
            theirs = [pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0") for pid in engines_of(server.pid)]
            theirs = [words for words in theirs if "eai-demo" in words]
            mine = engines_everywhere()
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=WAIT)
    assert process.returncode == 130 and "Stopped." in errors
    mine, theirs = [word.decode() for word in mine[0][1]], theirs[0]
    assert mine[0] == theirs[0]

    def comparable(words):
        words = list(words)
        for name in ("--host", "--slot-save-path"):
            if name in words:
                at = words.index(name)
                del words[at:at + 2]
        return words
    assert comparable(mine) == comparable(theirs)
    assert not engines_everywhere()


def test_where_both_do_not_fit_one_goes_after_the_other(stopped):
    stopped("pull", "eai-demo")
    need = stopped.json("model", "estimate", "eai-demo")["total"]
    told = stopped.json("bench", "eai-demo", "--port", "0", "--memory-limit", need * 3 // 2, *QUICK)
    assert told["turns"] == "apart"
    assert all(told[figure][side]["median"] > 0 for figure in FIGURES for side in ("eai", "engine"))
    assert not engines_everywhere()


def test_a_prompt_is_no_longer_than_the_context_has_room_for(stopped):
    told = stopped.json("bench", "eai-demo", "--port", "0", "--context-length", "256", "--rounds", "1",
                        "--prompt-tokens", "100000", "--tokens", "16")
    assert 200 < told["prompt_tokens"] < 256


@pytest.mark.parametrize("words, status, said", [
    ([], 2, "say which model"),
    (["eai-demo", "eai-demo-embed"], 2, "one at a time"),
    (["eai-demo-embed"], 2, "its task is embed"),
    (["eai-dmo"], 3, "eai-demo"),
    (["eai-demo", "--rounds", "0"], 2, "--rounds"),
    (["eai-demo", "--tokens", "1"], 2, "--tokens"),
    (["eai-demo", "--tokens", "100000"], 2, "the context of eai-demo"),
    (["eai-demo", "--tokns", "8"], 2, "--tokens"),
])
def test_wrong_words(server, words, status, said):
    refused = server.eai("bench", *words, status=status)
    assert said in refused.stderr and refused.stdout == ""


def test_a_server_that_is_killed_in_the_middle(stopped):
    server = stopped.run("eai-demo")
    process = stopped.start("bench", "eai-demo", "--rounds", "1000")
    while not engines_everywhere():
        assert process.poll() is None
    os.kill(server.pid, signal.SIGKILL)
    _, errors = process.communicate(timeout=WAIT)
    assert process.returncode in (3, 5) and errors.startswith("eai: ") or "eai: " in errors
    assert not engines_everywhere()

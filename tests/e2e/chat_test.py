"""`eai run <name>` on a terminal: typing, wrapping, resizing, interrupting, and what goes wrong in the middle."""
import json
import os
import pathlib
import re
import shutil
import signal
import tempfile

import pytest
from conftest import BUILD, WAIT, Eai, engines_of
from pictures import png
from terminal import Terminal

PARIS = "What is the capital of France?"
STORY = "Tell me a story"
DONE = "tokens/s"


@pytest.fixture
def chat(server):
    with Terminal(server.eai) as terminal:
        terminal.line("eai run eai-demo --temperature 0 --no-history")
        terminal.prompt()
        yield terminal


class Endless:
    """A server whose engine stops at the end of the context alone."""

    def __init__(self, eai):
        engine = eai.home / "llama-server"
        engine.write_text(f'#!/bin/sh\nexec {BUILD / "libexec/eai/llama-server"} "$@" --ignore-eos\n')
        engine.chmod(0o755)
        eai.environment["EAI_LLAMA_SERVER"] = str(engine)
        self.eai = eai
        self.pid = eai.run("eai-demo").pid

    def begin(self, chat):
        """In the middle of an answer, where it stays."""
        chat.line(STORY)
        chat.wait(lambda said: len(said.split()) > 8, after=STORY)
        for pid in engines_of(self.pid):
            os.kill(pid, signal.SIGSTOP)

    def go_on(self):
        for pid in engines_of(self.pid):
            os.kill(pid, signal.SIGCONT)


@pytest.fixture
def endless():
    home = pathlib.Path(tempfile.mkdtemp(prefix="eai-"))
    eai = Eai(home)
    yield Endless(eai)
    eai.start("model", "stop").communicate(timeout=WAIT)
    shutil.rmtree(home)


@pytest.fixture
def talk(endless):
    with Terminal(endless.eai) as terminal:
        terminal.line("eai run eai-demo --temperature 0 --no-history")
        terminal.prompt()
        yield terminal


def ask(chat, question, wanted=DONE):
    """The screen after the answer."""
    chat.line(question)
    chat.wait(wanted, after=question[-10:])
    return chat.prompt()


def ask_briefly(chat, question):
    """The same where answers have no end of their own."""
    chat.line("/set max-tokens 12")
    chat.wait("max-tokens 12", after="/set")
    return ask(chat, question)


def messages(chat, folder):
    """The conversation as /save writes it."""
    file = folder / f"{len(list(folder.iterdir()))}.json"
    chat.line(f"/save {file}")
    chat.wait("Saved as", after="/save")
    chat.prompt()
    return json.loads(file.read_text())["messages"]


def test_a_chat_from_nothing_to_its_end(stopped):
    with Terminal(stopped) as terminal:
        terminal.line("eai run eai-demo --port 0 --temperature 0; echo status $?")
        assert "eai model stop" in terminal.prompt()
        screen = ask(terminal, PARIS)
        assert re.search(r"\d+ tokens, [\d.]+ tokens/s, context \d+ of \d+, bafkre…", screen)
        terminal.keys("C-d")
        assert "\nstatus 0" in terminal.wait("status 0"), "what comes next begins a line"
    assert stopped.json("model", "status")["pid"] > 0, "the server stays"


def test_a_question_knows_the_ones_before(chat, tmp_path):
    ask(chat, PARIS)
    ask(chat, "And again?")
    said = messages(chat, tmp_path)
    assert [m["role"] for m in said] == ["user", "assistant", "user", "assistant"]
    assert said[0]["content"] == PARIS and "Paris" in said[1]["content"]
    assert os.stat(next(tmp_path.iterdir())).st_mode & 0o777 == 0o600


def test_lines_are_edited_and_wrap(chat, tmp_path):
    chat.resize(20)
    chat.type("x" * 30 + "France?")
    chat.keys("C-a")
    chat.type("What is the capital of ")
    chat.wait(lambda s: s.replace("\n", "").endswith(">>> What is the capital of " + "x" * 30 + "France?"))
    chat.keys(*["Delete"] * 30, "C-e", "Left", "BSpace")
    chat.wait(lambda s: s.rstrip().replace("\n", "").endswith("capital of Franc?"))
    chat.type("e")
    chat.keys("Enter")
    chat.wait(lambda s: DONE in s.replace("\n", ""))
    chat.prompt()
    chat.resize(80)
    assert messages(chat, tmp_path)[0]["content"] == PARIS


def test_several_lines(chat, tmp_path):
    chat.type("one")
    chat.keys("C-j")
    chat.type("two")
    chat.keys("Enter")
    chat.wait(DONE)
    chat.prompt()
    chat.keys("Up")  # it comes back whole
    chat.wait(lambda screen: screen.rstrip().endswith(">>> one\ntwo"))
    chat.keys("C-c")
    chat.prompt()
    chat.line('"""/bye')
    chat.prompt("...")
    chat.line("  is said")
    chat.prompt("...")
    ask(chat, 'here"""')
    chat.line('""" dropped')
    chat.prompt("...")
    chat.keys("C-c")
    chat.prompt()
    asked = [m["content"] for m in messages(chat, tmp_path) if m["role"] == "user"]
    assert asked == ["one\ntwo", "/bye\n  is said\nhere"]


def test_what_is_pasted_is_one_text(chat, tmp_path):
    chat.type("> ")
    chat.paste("first\nsecond\n/bye")
    chat.wait("/bye")
    chat.keys("Enter")
    chat.wait(DONE)
    chat.prompt()
    chat.paste("word " * 40_000)
    chat.wait("[paste 1: 200 kB]")
    chat.keys("Enter")
    refused = chat.wait("/undo takes the question back")
    assert "context" in refused[refused.rindex("[paste"):] and refused.count("word") < 100
    chat.prompt()
    said = messages(chat, tmp_path)
    assert said[0]["content"] == "> first\nsecond\n/bye" and len(said[-1]["content"]) == 199_999
    chat.line("/undo")
    chat.wait("Taken back")
    assert "Paris" in ask(chat, PARIS)


def test_ctrl_c_stops_the_answer_alone(endless, talk, tmp_path):
    endless.begin(talk)
    talk.keys("C-c", "C-c", "C-c")
    talk.wait("Stopped.")
    talk.prompt()
    endless.go_on()
    assert endless.eai.states()["eai-demo"]["leases"] == 0, "the engine has stopped, too"
    talk.type("half a line")
    talk.keys("C-c")
    talk.prompt()
    talk.keys("C-c")
    talk.wait("Ctrl-D or /bye")
    talk.prompt()
    said = messages(talk, tmp_path)
    assert said[0]["content"] == STORY and len(said[1]["content"].split()) > 5, "as far as it came"
    assert len(said) == 2 and "Paris" in ask_briefly(talk, PARIS)


def test_what_is_typed_while_an_answer_comes_waits(endless, talk):
    talk.line("/set max-tokens 60")
    talk.prompt()
    endless.begin(talk)
    talk.line("/set max-tokens 7")
    endless.go_on()
    screen = talk.wait("max-tokens 7\n", after="60 tokens")
    assert "max-tokens 7" not in screen[screen.index(STORY):screen.rindex("60 tokens")]
    assert ">>> /set max-tokens 7" in screen[screen.rindex("60 tokens"):]
    talk.prompt()


def test_stopped_and_continued(endless, talk):
    talk.type("What is the")
    talk.wait("is the")
    talk.keys("C-z")
    talk.wait("[1]+")
    talk.line("echo the $((6*7)) shell")
    talk.wait(lambda s: "echo the $((6*7)) shell" in s and "the 42 shell" in s)  # it has its echo
    talk.line("fg")
    talk.wait(">>> What is the", after="fg")
    talk.type(" capital")
    talk.wait("is the capital", after="fg")
    talk.keys("C-c")  # still a key, and not the end
    talk.prompt()
    endless.begin(talk)
    talk.keys("C-z")
    talk.wait("[1]+", after=STORY)
    talk.line("echo the $((6*9)) shell")
    talk.wait(lambda s: "echo the $((6*9)) shell" in s and "the 54 shell" in s)
    talk.line("fg")
    talk.wait("run eai-demo", after="fg")
    talk.keys("C-c")
    talk.wait("Stopped.", after="run eai-demo")
    talk.prompt()
    endless.go_on()
    assert "Paris" in ask_briefly(talk, PARIS)


def test_a_resize_in_the_middle(endless, talk):
    endless.begin(talk)
    talk.resize(20, 10)
    endless.go_on()
    talk.resize(100, 30)
    talk.keys("C-c")
    talk.wait("Stopped.")
    talk.prompt()
    talk.type("word " * 12)
    talk.resize(30)
    talk.type("end")
    talk.wait(lambda s: s.rstrip().endswith("end"))
    talk.keys("C-c")
    talk.resize(80)
    talk.prompt()
    assert "Paris" in ask_briefly(talk, PARIS)


def test_tab_completes(chat, tmp_path):
    (tmp_path / "a picture.png").write_bytes(png(64, 64))
    (tmp_path / "ab").mkdir()
    chat.type("/sy")
    chat.keys("Tab")
    chat.wait(">>> /system")
    chat.keys("C-c")
    chat.prompt()
    chat.type("/s")
    chat.keys("Tab")
    chat.wait("/system  /set  /show  /save")
    chat.keys("C-u")
    chat.type("/model eai")
    chat.keys("Tab")
    chat.wait(">>> /model eai-demo")
    chat.keys("C-u")
    chat.type(f"/image {tmp_path}/ab")
    chat.keys("Tab")
    chat.wait(f"{tmp_path}/ab/")
    chat.keys("C-c")
    chat.prompt()


def test_words_of_a_conversation(chat, tmp_path):
    ask(chat, PARIS)
    ask(chat, "Hello")
    before = messages(chat, tmp_path)
    chat.line("/undo")
    chat.wait("Taken back: Hello")
    chat.line("/retry")
    chat.wait(DONE, after="/retry")
    chat.prompt()
    assert messages(chat, tmp_path) == before[:2]
    chat.line("/system Be brief.")
    chat.wait("gets these instructions")
    chat.line(f"/save {tmp_path}/chat.md")
    chat.wait("chat.md.")
    text = (tmp_path / "chat.md").read_text()
    assert text.startswith("# A chat with eai-demo\n\n## Instructions\n\nBe brief.\n") and PARIS in text
    chat.line("/clear")
    chat.wait("forgotten")
    chat.line(f"/load {tmp_path}/0.json")
    chat.wait("2 questions", after="/load")
    chat.prompt()
    assert messages(chat, tmp_path) == before, "with its instructions, which were none"
    chat.line("/show messages")
    chat.wait("## Answer", after="/show")
    chat.line("/bye")
    chat.wait("$", after="/bye")


def test_settings_and_wrong_words(chat):
    for line, said in [
            ("/set temperature 0.5", "temperature 0.5"), ("/set temperature default", "the model's own"),
            ("/set temperature hot", "from 0 to 2"), ("/set think maybe", "on or off"), ("/set max-tokens 3", "max-tokens 3"),
            ("/set colour red", "temperature, max-tokens"), ("/set think", "say more"), ("/shwo", "did you mean /show?"),
            ("/show all", "thoughts"), ("/model", "* eai-demo"), ("/model eai-demo-embed", "cannot chat"),
            ("/model nothing-like-it", "nothing-like-it"), ("/image /nothing.png", "/nothing.png"), ("/save x", ".md"),
            ("/save x.md", "nothing has been said"), ("/load /nothing.json", "/nothing.json"), ("/copy", "no answer"),
            ("/retry", "no question"), ("/undo", "no question"), ("/undo it", "takes nothing"), ("/draw a circle", "image model"),
    ]:
        chat.line(line)
        chat.wait(said, after=">>> " + line)
        chat.prompt()
    assert "3 tokens, cut off" in ask(chat, "Hello")


def test_pictures(chat, tmp_path):
    picture = tmp_path / "a b.png"
    picture.write_bytes(png(64, 64))
    chat.line(f"/image {picture}")
    chat.prompt("[1 picture] >>>")
    ask(chat, "What is it?")
    ask(chat, f"And '{picture}' here?")
    said = messages(chat, tmp_path)
    assert [len(m["content"]) for m in said if m["role"] == "user"] == [2, 2]
    assert said[2]["content"][0]["text"] == "And here?"
    assert said[2]["content"][1]["image_url"]["url"].startswith("data:image/png;base64,")


def test_copy_asks_the_terminal(chat):
    ask(chat, PARIS)
    chat.tmux("set-option", "-s", "set-clipboard", "on")
    chat.line("/copy")
    chat.wait("Copied")
    assert "Paris" in chat.tmux("show-buffer")


def test_an_editor_of_ones_own(server, tmp_path):
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nstat -c "mode %a" "$2"; printf "What is the capital\\nof France?\\n" > "$2"; test "$1" = -w\n')
    editor.chmod(0o755)
    with Terminal(server.eai, EDITOR=f"{editor} -w") as chat:
        chat.line("eai run eai-demo --temperature 0 --no-history")
        chat.prompt()
        chat.line("/edit")
        screen = chat.wait(DONE)
        assert "mode 600" in screen and "What is the capital\nof France?" in screen
        chat.prompt()
        editor.write_text("#!/bin/sh\nexit 3\n")
        chat.line("/edit")
        chat.wait("is not used")
        editor.unlink()
        chat.line("/edit")
        chat.wait("there is no program")
        chat.prompt()
    assert not list((server.eai.home / "eai/run").glob("question*"))


def test_the_history_is_there_again(server):
    history = server.eai.home / "eai/logs/chat_history"
    with Terminal(server.eai) as chat:
        chat.line("eai run eai-demo --temperature 0")
        chat.prompt()
        ask(chat, PARIS)
        chat.line("/set history off")
        chat.wait("history off")
        ask(chat, "Hello")
        chat.line("/bye")
        chat.wait("$", after="/bye")
        assert history.stat().st_mode & 0o777 == 0o600 and "Hello" not in history.read_text()
        chat.line("eai run eai-demo")
        chat.prompt()
        chat.keys("Up", "Up")
        chat.wait(f">>> {PARIS}", after="run eai-demo")
        chat.keys("C-c")
        chat.prompt()
        chat.keys("C-d")
        chat.wait(lambda s: s.rstrip().endswith("$"))
        history.unlink()
        history.mkdir()
        chat.line("eai run eai-demo --temperature 0")
        chat.prompt()
        screen = ask(chat, PARIS)
        assert "what you type is not kept" in screen
    history.rmdir()


@pytest.mark.parametrize("words, environment", [("", {"TERM": "dumb"}), ("--plain", {})])
def test_plain_lines(endless, words, environment):
    with Terminal(endless.eai, **environment) as chat:
        chat.line(f"eai run eai-demo --temperature 0 --no-history --max-tokens 12 {words}; echo status $?")
        chat.prompt()
        seen = chat.folder / "bytes"
        chat.tmux("pipe-pane")
        chat.tmux("pipe-pane", f"exec cat > {seen}")
        ask(chat, PARIS)
        chat.line("/set max-tokens default")
        chat.prompt()
        endless.begin(chat)
        chat.keys("C-c")
        chat.wait("Stopped.")
        chat.prompt()
        endless.go_on()
        chat.keys("C-c")
        chat.wait("Ctrl-D or /bye")
        chat.line("/copy")
        chat.wait("no clipboard")
        chat.prompt()
        chat.keys("C-d")
        chat.wait("status 0", after="clipboard")
        text = seen.read_bytes()
        assert b"Paris" in text and b"\x1b" not in text[:text.index(b"clipboard")]


def test_markdown_is_styled_only_with_colours(server):
    for environment, styled in [({}, True), ({"NO_COLOR": "1"}, False)]:
        with Terminal(server.eai, **environment) as chat:
            chat.line("eai run eai-demo --temperature 0 --no-history")
            chat.prompt()
            ask(chat, PARIS)
            assert ("\x1b[2m" in chat.screen(styles=True)) == styled


def test_a_server_killed_in_mid_answer(endless, talk, tmp_path):
    ask_briefly(talk, PARIS)
    talk.line("/set max-tokens default")
    talk.prompt()
    endless.begin(talk)
    os.kill(endless.pid, signal.SIGKILL)
    screen = talk.wait("/retry asks again")
    assert "in the middle of its answer" in screen
    talk.prompt()
    assert [m["role"] for m in messages(talk, tmp_path)] == ["user", "assistant", "user"]
    talk.line("/retry")
    talk.wait("Started a server", after="/retry")
    talk.wait(lambda said: len(said.split()) > 25, after="/retry")
    talk.keys("C-c")
    talk.wait("Stopped.", after="/retry")
    talk.prompt()
    assert endless.eai.json("model", "status")["pid"] != endless.pid
    assert "Paris" in ask_briefly(talk, PARIS)


@pytest.fixture
def says():
    """A model that says what it is told to."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="eai-"))
    eai = Eai(home)
    eai.environment["EAI_LLAMA_SERVER"] = str(pathlib.Path(__file__).parents[1] / "fakes/talking_engine.py")
    eai.run("eai-demo")
    with Terminal(eai) as terminal:
        terminal.line("eai run eai-demo --no-history")
        terminal.prompt()

        def ask(*deltas):
            (home / "says.json").write_text(json.dumps(deltas))
            terminal.line("say it")
            terminal.wait("0 tokens", after="say it")
            terminal.prompt()
            return terminal.screen(styles=True).rpartition("say it")[2]

        yield terminal, ask
    eai.start("model", "stop").communicate(timeout=WAIT)
    shutil.rmtree(home)


def test_thoughts_are_dimmed_or_folded(says):
    terminal, ask = says
    deltas = [{"reasoning_content": "I must "}, {"reasoning_content": "think."}, {"content": "Answer."}]
    shown = ask(*deltas)
    assert "\x1b[2mI must think." in shown and shown.index("think.") < shown.index("Answer.")
    terminal.line("/set think off")
    terminal.prompt()
    folded = ask(*deltas)
    assert "thinking…" in folded and "I must" not in folded and "Answer." in folded
    terminal.line("/show thoughts")
    terminal.wait("I must think.", after="/show thoughts")


def test_markdown_is_shown_and_harm_is_not(says):
    _, ask = says
    shown = ask({"content": "# Ti"}, {"content": "tle\na **b"}, {"content": "old** word\n"})
    assert "\x1b[1mTitle" in shown and "\x1b[1mbold" in shown and "*" not in shown and "#" not in shown
    harm = ask({"content": "x\x1b]0;title\x07y\x1b[2J\x1b[31"}, {"content": "mred\u202e\r"}, {"reasoning_content": "\x1b[2J"})
    assert "x?]0;title?y?[2J?[31mred?" in harm

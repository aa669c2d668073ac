"""Whatever people type, pipe, mount or press: the error says what was wrong and what to do next, and nothing is lost. What
belongs to one command alone is tested with it: chats in chat_test, single answers in chat_once_test, pastes of hashes in
pasted_test, the network in no_network_test, closed streams in conveniences_test, names in shown_text_test."""
import json
import pathlib
import shutil
import signal
import subprocess
import tempfile

import pytest
from cli_test import on_terminal
from conftest import EAI, WAIT
from preserve_faults_test import NO_RIGHTS, on_small_disk
from terminal import Terminal

BUG = "this is a bug"


def told(eai, *words, status=2, **more):
    """The error of a command that says nothing else: one sentence, and no trace of a bug."""
    done = eai(*words, status=status, **more)
    assert (done.stdout == "" or "--json" in words) and done.stderr.startswith("eai: ") and BUG not in done.stderr, done.stdout + done.stderr
    return done.stderr


# ---- words

@pytest.mark.parametrize("words,said", [
    (["nothing"], 'unknown command "nothing"'),
    (["mdoel", "ls"], "did you mean model?"),
    (["model", "nothing"], "`eai model --help`"),
    (["--nothing"], "--nothing"),
    (["ls", "--nothing"], "`eai ls --help`"),
    (["ls", "-z"], "-z"),
    (["ls", "extra"], "extra"),
    (["model", "preserve", "a", "b"], "b"),
    (["", "ls"], 'unknown command ""'),
    (["model", ""], 'unknown command ""'),
    (["ls\x1b[2J"], "unknown command"),
])
def test_unknown_words_and_flags(eai, words, said):
    message = told(eai, *words)
    assert said in message and "\x1b" not in message


@pytest.mark.parametrize("words,said", [
    (["model", "run", "eai-demo", "--port", "web"], "--port is \"web\", but must be a whole number from 0 to 65535"),
    (["model", "run", "eai-demo", "--port", "70000"], "from 0 to 65535"),
    (["model", "run", "eai-demo", "--port", "-1"], "--port"),
    (["model", "run", "eai-demo", "--port", ""], "--port"),
    (["model", "run", "eai-demo", "--port"], "--port"),
    (["model", "run", "eai-demo", "--memory-limit", "3 elephants"], 'such as "24GB"'),
    (["model", "run", "eai-demo", "--memory-limit", "99999999999999TB"], 'such as "24GB"'),
    (["model", "run", "eai-demo", "--log-level", "loud"], "debug, info, warn, error or off"),
    (["model", "logs", "-n", "1e3"], "--lines"),
    (["run", "eai-demo", "--temperature", "hot", "x"], "temperature"),
    (["image", "x", "--size", "big"], "--size is big, but must be like 1024x768"),
    (["ls", "--quiet=perhaps"], "quiet"),
    (["config", "set", "server.port", "web"], "from 0 to 65535"),
    (["config", "set", "server.private", "perhaps"], "true or false"),
    (["config", "set", "server.prot", "1"], "did you mean server.port?"),
    (["model", "check", "--hash", "bafkreinothing"], "bafkreinothing"),
    (["image", "x", "--seed", "lucky"], "--seed is lucky"),
])
def test_wrong_types(eai, words, said):
    assert said in told(eai, *words)


@pytest.mark.parametrize("words,said", [
    (["image", "x", "-o", "-", "--json"], "with --json"),
    (["image", "x", "-o", "-", "-n", "2"], "only one picture"),
    (["model", "run", "eai-demo", "--tls-key", "k.pem"], "must be given together"),
    (["model", "run", "eai-demo", "--host", "0.0.0.0"], "--no-auth"),
    (["model", "repair", "eai-demo", "--all"], "--all"),
    (["show", "eai-demo", "--hash", "bafkreix"], "bafkreix"),
])
def test_two_that_conflict(eai, words, said):
    eai("pull", "eai-demo")
    assert said in told(eai, *words)


@pytest.mark.parametrize("variable,value,said", [
    ("EAI_PORT", "web", "EAI_PORT is \"web\""), ("EAI_JSON", "perhaps", "EAI_JSON"), ("EAI_LOG_LEVEL", "loud", "EAI_LOG_LEVEL"),
    ("EAI_MEMORY_LIMIT", "much", "EAI_MEMORY_LIMIT")])
def test_variables_of_wrong_types(eai, variable, value, said):
    assert said in told(eai, "ls", env={variable: value})


# ---- the configuration

@pytest.mark.parametrize("text,said", [
    ("[server\nport = 1\n", "line 1"),
    ("[server]\nport = \n", "line 2"),
    ("[server]\nprot = 1\n", "line 2: unknown key server.prot; did you mean server.port?"),
    ("\n\n[sever]\nport = 1\n", "line 4: unknown key sever.port; did you mean server.port?"),
    ("[server]\nport = \"web\"\n", "line 2: server.port must be a whole number"),
    ("[output]\njson = 1\n", "line 2: output.json must be true or false"),
    ("[server]\nport = 1\nport = 2\n", "line 3"),
    ("\xff\xfe", "config.toml"),
])
def test_an_unreadable_configuration(eai, text, said):
    file = eai.configure("")
    file.write_bytes(text.encode("latin-1"))
    try:
        assert f"{file}" in told(eai, "ls") and said in told(eai, "ls")
        assert eai("config", "path").stdout == f"{file}\n", "which tells where to mend it"
    finally:
        file.unlink()


def test_a_configuration_that_is_a_folder_or_may_not_be_read(eai):
    file = eai.configure("")
    file.unlink()
    file.mkdir()
    try:
        assert str(file) in told(eai, "ls")
    finally:
        file.rmdir()
    eai.configure("[server]\nport = 1\n").chmod(0)
    done = subprocess.run([*NO_RIGHTS, EAI, "ls"], env=eai.environment, capture_output=True, text=True, timeout=WAIT)
    file.unlink()
    assert done.returncode == 8 and str(file) in done.stderr and "Permission denied" in done.stderr


# ---- disks and homes

def test_a_home_that_cannot_be_written_to(eai):
    home = pathlib.Path(tempfile.mkdtemp(prefix="eai-"))
    read_only = ("unshare", "--mount", "sh", "-c", f'mount -t tmpfs -o ro none "{home}" && exec "$@"', "sh")
    environment = {**eai.environment, "EAI_HOME": str(home / "eai"), "HOME": str(home)}
    try:
        for words, status in ((["ls"], 0), (["config", "list"], 0), (["show", "eai-demo"], 0), (["pull", "eai-demo"], 8),
                              (["model", "run", "eai-demo", "--port", "0"], 8), (["cp", "eai-demo", "a"], 8), (["config", "set", "server.port", "1"], 8)):
            done = subprocess.run([*read_only, EAI, *words], env=environment, capture_output=True, text=True, timeout=WAIT)
            assert done.returncode == status, (words, done.stderr)
            assert status == 0 or ("Read-only" in done.stderr and str(home) in done.stderr), (words, done.stderr)
    finally:
        shutil.rmtree(home)


def test_a_disk_that_is_full(eai):
    home = pathlib.Path(tempfile.mkdtemp(prefix="eai-"))
    environment = {**eai.environment, "EAI_HOME": str(home / "eai"), "HOME": str(home)}
    try:
        done = subprocess.run([*on_small_disk(home, "64k"), EAI, "pull", "eai-demo"], env=environment, capture_output=True, text=True,
                              timeout=WAIT)
        assert done.returncode == 8 and ("No space left" in done.stderr or "disk full" in done.stderr or "free" in done.stderr)
    finally:
        shutil.rmtree(home)


@pytest.mark.parametrize("environment,said", [
    ({"HOME": "relative"}, "HOME"), ({"EAI_HOME": "relative"}, "EAI_HOME"), ({"HOME": "/nonexistent/home"}, "/nonexistent/home")])
def test_a_home_that_is_none(environment, said):
    done = subprocess.run([EAI, "pull", "eai-demo"], env={"PATH": "/usr/bin:/bin", **environment}, capture_output=True, text=True,
                          timeout=WAIT)
    if said == "/nonexistent/home" and done.returncode == 0:
        shutil.rmtree("/nonexistent")  # root may make it
        return
    assert done.returncode in (2, 8) and said in done.stderr and BUG not in done.stderr


# ---- text that is none

@pytest.mark.parametrize("words", [[b"pull", b"\xff\xfe"], [b"\xff"], [b"show", b"a\xffb"], [b"help", b"\xff"], [b"ls", b"--json=\xff"],
                                   [b"model", b"import", b"\xff.gguf"], [b"config", b"get", b"\xff"], [b"ls", b"--\xff"]])
def test_words_that_are_not_utf8(eai, words):
    done = subprocess.run([str(EAI).encode(), *words], env=eai.environment, capture_output=True, timeout=WAIT)
    assert done.returncode in (2, 3) and b"\xff" not in done.stderr + done.stdout
    done.stderr.decode()


# ---- streams

def test_a_standard_input_that_is_closed_or_a_folder(eai, tmp_path):
    for redirection, words in (("<&-", ["model", "import", "-"]), (f"< {tmp_path}", ["model", "import", "-"]), ("<&-", ["ls"]),
                               (f"< {tmp_path}", ["ls"]), ("<&-", ["config", "list"])):
        done = subprocess.run(["sh", "-c", f'exec "$0" "$@" {redirection}', EAI, *words], env=eai.environment, capture_output=True,
                              text=True, timeout=WAIT)
        assert done.returncode == (0 if words[0] != "model" else 8 if "/" in redirection else 2), (redirection, words, done.stderr)
        assert BUG not in done.stderr


@pytest.mark.parametrize("words", [["--help"], ["ls", "--all"], ["ls", "--all", "--json"], ["help", "environment"], ["config", "list"],
                                   ["completion", "bash"], ["--version"]])
def test_a_full_disk_and_a_closed_stdout(eai, words):
    with open("/dev/full", "w") as full:
        done = subprocess.run([EAI, *words], env=eai.environment, stdout=full, stderr=subprocess.PIPE, text=True, timeout=WAIT)
    assert done.returncode == 8, done.stderr
    done = subprocess.run(["sh", "-c", 'exec "$0" "$@" >&-', EAI, *words], env=eai.environment, stderr=subprocess.PIPE, text=True,
                          timeout=WAIT)
    assert done.returncode == 0 and BUG not in done.stderr


# ---- terminals

@pytest.mark.parametrize("columns", [1, 20, 39])
def test_a_narrow_terminal(stopped, columns):
    stopped("pull", "eai-demo")
    stopped.run("eai-demo")
    for words in (["ls", "--all"], ["ps"], ["show", "eai-demo"], ["model", "status"], ["model", "check"], ["config", "list"], ["--help"]):
        seen = on_terminal(stopped, words, columns, EAI_PAGER="cat")
        assert seen.strip() and BUG not in seen, words


def test_a_download_on_twenty_columns_that_are_resized(eai):
    """The bar is drawn for the width that the terminal has at that moment."""
    eai.start("rm", "eai-demo-image").communicate(timeout=WAIT)
    with Terminal(eai, columns=20, rows=10) as terminal:
        terminal.line("eai pull eai-demo-image; echo en''ded")
        terminal.resize(60)
        terminal.wait("ended")
        assert "verified" in terminal.screen().replace("\n", "")


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"TERM": ""}, {"EAI_PLAIN": "1"}])
def test_a_terminal_that_can_do_nothing(eai, environment):
    seen = on_terminal(eai, ["pull", "eai-demo"], 80, **environment) + on_terminal(eai, ["ls"], 80, **environment)
    assert "\x1b" not in seen and "\r" not in seen.replace("\r\n", ""), repr(seen)
    assert "eai-demo" in seen


def test_200_kb_are_pasted_as_a_name(eai):
    message = told(eai, "pull", "x" * 100_000 + "\n", "y" * 100_000)
    assert len(message) < 2000 and "100000 characters long" in message
    assert len(told(eai, "x" * 120_000)) < 2000
    assert len(told(eai, "help", "x" * 120_000)) < 2000
    assert len(told(eai, "ls", "--" + "x" * 120_000)) < 2000


# ---- signals

def test_stopped_and_continued_while_a_server_starts(stopped):
    with Terminal(stopped) as terminal:
        # The terminal drops what it has read and nobody has taken yet when Ctrl-Z comes.
        terminal.line("echo be''gun; eai model run eai-demo --port 0; echo en''ded $?")
        terminal.wait("begun")
        terminal.keys("C-z")
        terminal.wait(lambda seen: "Stopped" in seen or "ended 0" in seen)
        if "Stopped" in terminal.screen():
            terminal.line("fg")
            terminal.wait("answers at")
    assert stopped.json("model", "status")["running"]


@pytest.mark.parametrize("words", [["ls", "--all"], ["model", "check"], ["show", "eai-demo"], ["model", "run", "eai-demo", "--port", "0"],
                                   ["pull", "eai-demo-embed"], ["model", "export", "eai-demo", "-o", "x.car"], ["run", "eai-demo", "Hello"]])
def test_ctrl_c_at_any_moment(stopped, tmp_path, words):
    """Sent at once, so that it comes at another stage in each run; whatever was done, the next command works."""
    stopped("pull", "eai-demo")
    for _ in range(4):
        process = stopped.start(*words, cwd=tmp_path)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=WAIT)
        assert process.returncode in (0, 130, -signal.SIGINT), (process.returncode, out, err)
        assert BUG not in err
        (tmp_path / "x.car").unlink(missing_ok=True)
        assert not list(tmp_path.iterdir()), "nothing half is left"
    assert json.loads(stopped("model", "check", "eai-demo", "--json").stdout)["good"]
    stopped.start("rm", "eai-demo-embed").communicate(timeout=WAIT)

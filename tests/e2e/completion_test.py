"""The tab key in real shells: commands, options, values, fields, models by state, and files."""
import shlex
import subprocess

import pytest
from conftest import EAI, WAIT
from terminal import Terminal


@pytest.fixture
def demo(eai):
    eai("pull", "eai-demo")
    yield eai
    eai.start("rm", "eai-demo", "--force").communicate(timeout=WAIT)


class Shell:
    """What a shell offers for the last word of a line."""

    def __init__(self, eai, name):
        self.eai, self.name = eai, name
        self.script = eai.home / f"completion.{name}"
        self.script.write_text(eai("completion", name).stdout)

    def run(self, *words, cwd=None):
        environment = {**self.eai.environment, "PATH": f"{EAI.parent}:{self.eai.environment['PATH']}"}
        done = subprocess.run(words, env=environment, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=WAIT)
        assert done.returncode == 0 and done.stderr == "", done.stderr
        return done.stdout.splitlines()

    def __call__(self, line, cwd=None):
        return sorted(getattr(self, self.name)(line, cwd))

    def bash(self, line, cwd):
        """As readline does it: it splits at blanks and at the characters of COMP_WORDBREAKS, and cuts what it replaces."""
        words = []
        for word in line.split(" "):
            rest = word
            while rest:
                at = min((rest.find(c) for c in "=:" if c in rest), default=-1)
                if at < 0:
                    words.append(rest)
                    break
                words += [rest[:at], rest[at]] if at else [rest[at]]
                rest = rest[at + 1:]
            if not word:
                words.append("")
        script = (f"source {shlex.quote(str(self.script))}; compopt() {{ :; }}; COMP_WORDS=({shlex.join(words)}); "
                  f"COMP_CWORD={len(words) - 1}; _eai; [ ${{#COMPREPLY[@]}} = 0 ] || printf '%s\\n' \"${{COMPREPLY[@]}}\"")
        before = line.rpartition(" ")[2]
        last = words[-1] if words[-1] not in ("=", ":") else ""
        return [before[:len(before) - len(last)] + one for one in self.run("bash", "--norc", "-c", script, cwd=cwd)]

    def fish(self, line, cwd):
        script = f"source {self.script}; complete -C {shlex.quote(line)}"
        return [one.split("\t")[0] for one in self.run("fish", "--no-config", "-c", script, cwd=cwd)]


@pytest.fixture(scope="module", params=["bash", "fish"])
def shell(eai, request):
    return Shell(eai, request.param)


def test_commands_and_topics(shell):
    assert {"ls", "run", "image", "model", "config", "help", "completion"} <= set(shell("eai "))
    assert shell("eai st") == ["stop"]
    assert {"list", "run", "preserve"} <= set(shell("eai model ")) and "image" not in shell("eai model ")
    assert shell("eai model est") == ["estimate"]
    assert {"environment", "exit-codes", "model", "ls"} <= set(shell("eai help "))
    assert shell("eai completion ") == ["bash", "fish", "zsh"]
    assert shell("eai nothing ") == []


def test_options_and_values(shell):
    assert shell("eai model run --cont") == ["--context-length"]
    assert {"--resume", "--no-resume", "--json", "--json=", "--help"} <= set(shell("eai model preserve --"))
    assert "--ready-fd" not in shell("eai model run --")
    assert shell("eai model run --log-level w") == ["warn"]
    assert shell("eai model run --log-level=w") == ["--log-level=warn"]
    assert shell("eai model run --verify-on-load ") == ["full", "off", "sample"]
    assert shell("eai config set output.log_level e") == ["error"]
    assert shell("eai config get server.po") == ["server.port"]
    assert shell("eai model run --port ") == [], "a number is the person's own"


def test_fields_of_json(shell):
    assert {"--json=name", "--json=hash", "--json=last_used"} <= set(shell("eai ls --json="))
    assert shell("eai model check --json=go") == ["--json=good"]
    assert shell("eai model check --json=name,go") == ["--json=name,good"]
    assert "--json=name,name" not in shell("eai model check --json=name,")


def test_models_by_their_state(demo, shell):
    for line in ("eai rm ", "eai show ", "eai model check ", "eai model seed "):
        assert shell(line) == ["eai-demo"], line
    for line in ("eai pull ", "eai run ", "eai model run "):
        assert {"eai-demo", "eai-demo-embed", "qwen3-1.7b"} <= set(shell(line)), line
    assert shell("eai pull eai-demo-e") == ["eai-demo-embed"]
    assert "eai-demo,qwen3-8b" in shell("eai model run eai-demo,qwen3-8") and "eai-demo,eai-demo" not in shell("eai pull eai-demo,")
    assert shell("eai model check eai-demo ") == [], "it stands there already"
    assert shell("eai run eai-demo ") == [], "what to say is the person's own"
    demo("cp", "eai-demo", "helper")
    assert shell("eai rm he") == ["helper"]
    demo("rm", "helper")


def test_loaded_models_can_be_stopped(stopped, shell):
    assert shell("eai stop ") == []
    stopped.run("eai-demo,eai-demo-embed")
    assert shell("eai stop ") == ["eai-demo"], "the other one is not loaded"
    assert shell("eai model stop eai-") == ["eai-demo"]
    stopped("stop")
    stopped("rm", "eai-demo-embed")


def test_files_where_files_are_meant(shell, tmp_path):
    (tmp_path / "model.gguf").touch()
    (tmp_path / "folder").mkdir()
    assert {"model.gguf"} <= set(shell("eai model import mod", tmp_path))
    assert [one.rstrip("/") for one in shell("eai model preserve fol", tmp_path)] == ["folder"]
    assert shell("eai model preserve mod", tmp_path) == [], "a folder is meant"
    assert "model.gguf" in shell("eai image --mask mod", tmp_path)


def test_it_is_silent_whatever_goes_wrong(eai, shell, tmp_path):
    file = eai.configure("[server\n")
    try:
        assert "--port" in shell("eai model run --po")
    finally:
        file.unlink()
    broken = Shell(eai, shell.name)
    broken.eai = type(eai)(tmp_path, eai.program)
    (tmp_path / "eai").write_text("not a folder")
    assert broken("eai rm ") == [] and broken("eai st") == ["stop"]


def test_a_server_that_does_not_answer_is_not_waited_for(stopped):
    """The server hangs; its socket takes connections and says nothing."""
    told = stopped.json("model", "run", "eai-demo", "--port", "0")
    subprocess.run(["kill", "-STOP", str(told["pid"])], check=True)
    try:
        done = stopped("__complete", "fish", "stop", "")
        assert done.stdout == ":none\n" and done.stderr == ""
    finally:
        subprocess.run(["kill", "-CONT", str(told["pid"])], check=True)


def test_names_that_a_shell_would_read_are_not_offered(eai):
    catalog = eai.home / "eai/config/catalog.toml"
    catalog.parent.mkdir(parents=True, exist_ok=True)
    hash_of = eai.json("ls", "--all")["catalog"][0]["hash"]
    catalog.write_text(f'[models."a$(touch x)"]\nhash = "{hash_of}"\n[models.plain]\nhash = "{hash_of}"\n')
    try:
        offered = eai("__complete", "bash", "pull", "").stdout
        assert "plain" in offered and "$" not in offered
    finally:
        catalog.unlink()


def test_the_tab_key_in_bash(demo):
    with Terminal(demo) as terminal:
        terminal.line("source <(eai completion bash)")
        terminal.type("eai model est")
        terminal.keys("Tab")
        terminal.wait("eai model estimate")
        terminal.type("eai-d")
        terminal.keys("Tab")
        terminal.wait("estimate eai-demo")
        terminal.type("--js")
        terminal.keys("Tab", "Tab", "Tab")  # the first one completes what both words begin with
        terminal.wait("--json=")
        terminal.type("=tot")
        terminal.keys("Tab", "Enter")
        terminal.wait('{"total":')


def test_the_tab_key_in_zsh(demo):
    script = demo.home / "site/_eai"
    script.parent.mkdir(exist_ok=True)
    script.write_text(demo("completion", "zsh").stdout)
    with Terminal(demo, ZDOTDIR="/nonexistent") as terminal:
        terminal.line("zsh -f")
        terminal.line(f"PS1='> '; fpath=({script.parent} $fpath); autoload -Uz compinit; compinit -u -D; echo rea''dy")
        terminal.wait("ready")
        terminal.type("eai model est")
        terminal.keys("Tab")
        terminal.wait("eai model estimate")
        terminal.type("eai-d")
        terminal.keys("Tab")
        terminal.wait("estimate eai-demo")
        terminal.keys("C-u")
        terminal.type("eai model run --verify-on-load ")
        terminal.keys("Tab")
        terminal.wait(lambda seen: all(word in seen for word in ("off", "sample", "full")))
        terminal.keys("C-u")
        terminal.type("eai model s")
        terminal.keys("Tab")
        terminal.wait("-- Serve every downloaded model")


def test_wrong_shells_are_named(eai):
    assert "there are bash, zsh and fish" in eai("completion", "tcsh", status=2).stderr
    assert "say for which shell" in eai("completion", status=2).stderr

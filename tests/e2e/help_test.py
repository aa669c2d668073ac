"""Help, topics, the manual and the pager: all made from the tables by which the program works."""
import pathlib
import re
import subprocess

import pytest
from cli_test import on_terminal
from conftest import BUILD, EAI, WAIT
from terminal import Terminal

ROOT = pathlib.Path(__file__).parents[2]
MANUAL = BUILD / "share/man"
TOPICS = ("environment", "exit-codes", "formats", "models", "privacy")


def rows(page, title):
    """The rows of the table below a title of a Markdown page."""
    text = (ROOT / page).read_text().split(f"\n{title}\n")[1].split("\n## ")[0]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines()
            if line.startswith("| ") and "---" not in line]


def flat(text):
    return " ".join(text.split())


def test_the_first_look_has_examples_then_groups(eai):
    text = eai("--help").stdout
    assert eai().stdout == eai("-h").stdout == eai("help").stdout == text
    titles = re.findall(r"^(\w.*):$", text, re.M)
    assert titles == ["Examples", "Talk, draw and serve", "Models on this machine", "Share and preserve", "Look and tune",
                      "Learn more"], "a command that is in no group would stand under More"
    assert text.index("eai run qwen3-1.7b") < text.index("Talk, draw")
    assert all(f"  {word} " in text for word in ("run", "ls", "pull", "model check", "config", "help <topic>"))


def test_help_of_commands_is_the_same_by_three_ways(eai):
    for words in (["model", "run"], ["ls"], ["run"], ["model", "preserve"]):
        text = eai(*words, "--help").stdout
        assert eai("help", *words).stdout == eai(*words, "-h").stdout == text
        assert text.index("Usage: eai " + words[0]) < text.index("Examples:") < text.index("Output:")
    assert eai("help", "estimate").stdout == eai("model", "estimate", "--help").stdout, "which is below model alone"
    assert eai("help", "model").stdout == eai("model", "--help").stdout == eai("model").stdout


@pytest.mark.parametrize("words,said", [
    (["enviroment"], "did you mean environment?"), (["exit-code"], "did you mean exit-codes?"), (["lss"], "did you mean ls?"),
    (["model", "rnu"], "did you mean run?"), (["wholly-unknown"], '"wholly-unknown"'), (["a", "b", "c"], '"a b c"'),
    (["\x1b[2J"], "there is no help about")])
def test_wrong_topics_get_a_near_word(eai, words, said):
    told = eai("help", *words, status=2).stderr
    assert said in told and "`eai help` lists" in told and "\x1b" not in told


def test_topics_come_from_the_tables(eai):
    environment = flat(eai("help", "environment").stdout)
    assert {row[1].strip("`") for row in rows("docs/configuration.md", "`$EAI_HOME/config`.") if row[1] != "variable"} <= set(
        re.findall(r"EAI_\w+", environment))
    assert "server.port, --port" in environment and "(default: 8080)" in environment
    named = set(re.findall(r'getenv\("(\w+)"\)', "".join(file.read_text() for file in (ROOT / "src").rglob("*.cc"))))
    assert named and named <= set(re.findall(r"\w+", environment)), "every variable that the program reads"
    codes = flat(eai("help", "exit-codes").stdout)
    for status, words in rows("docs/commands.md", "## Exit status"):
        if status.isdigit():
            assert f"{status} {words}" in codes
    assert "--json=name,hash" in eai("help", "formats").stdout and "NO_COLOR" in eai("help", "formats").stdout
    assert "telemetry" in eai("help", "privacy").stdout and "bafkrei" in eai("help", "models").stdout


def test_help_works_when_nothing_else_does(eai, tmp_path):
    file = eai.configure("[server]\nprot = 1\n")
    try:
        done = eai("help", "formats")
        assert "NO_COLOR" in done.stdout and "line 2" in done.stderr
        assert eai("--help").stderr == "" and eai("model", "run", "--help").stderr == ""
    finally:
        file.unlink()


@pytest.mark.parametrize("columns", [20, 60, 80, 200])
def test_every_help_fits_the_terminal(eai, columns):
    for words in ([], ["--help"], ["model", "run", "--help"], ["image", "--help"], *(["help", topic] for topic in TOPICS)):
        text = on_terminal(eai, words, columns, EAI_PAGER="cat").replace("\r", "")
        widest = max(len(line) for line in text.splitlines() if "/" not in line)
        assert widest < max(columns, 62), (words, max(text.splitlines(), key=len))


# ---- the pager

def pager(tmp_path):
    """A pager that keeps what it gets."""
    program = tmp_path / "pager"
    program.write_text(f'#!/bin/sh\ncat > "{tmp_path}/page"; echo "$*" > "{tmp_path}/words"; echo "LESS=$LESS" >> "{tmp_path}/words"\n')
    program.chmod(0o755)
    return program


@pytest.mark.parametrize("variable", ["EAI_PAGER", "PAGER"])
def test_a_long_text_opens_in_the_pager(eai, tmp_path, variable):
    seen = on_terminal(eai, ["help", "environment"], 80, **{variable: f"{pager(tmp_path)} -a b"})
    assert seen == "", "the pager alone shows it"
    assert "EAI_PORT" in (tmp_path / "page").read_text()
    assert (tmp_path / "words").read_text() == "-a b\nLESS=FRX\n"


def test_eai_pager_beats_pager_and_the_file_names_one_too(eai, tmp_path):
    on_terminal(eai, ["help", "environment"], 80, EAI_PAGER=str(pager(tmp_path)), PAGER="/nonexistent")
    assert (tmp_path / "page").stat().st_size > 1000
    (tmp_path / "page").unlink()
    file = eai.configure(f'[output]\npager = "{tmp_path}/pager"\n')
    try:
        on_terminal(eai, ["help", "environment"], 80, PAGER="/nonexistent")
        assert (tmp_path / "page").exists()
    finally:
        file.unlink()


def test_no_pager_where_nobody_turns_pages(eai, tmp_path):
    program = str(pager(tmp_path))
    assert "EAI_PORT" in eai("help", "environment", env={"EAI_PAGER": program}).stdout, "a pipe"
    assert "EAI_PORT" in on_terminal(eai, ["help", "environment", "--plain"], 80, EAI_PAGER=program)
    assert "EAI_PORT" in on_terminal(eai, ["help", "environment"], 80, EAI_PAGER=program, TERM="dumb")
    assert "130" in on_terminal(eai, ["help", "exit-codes"], 80, EAI_PAGER=program), "it fits the screen"
    assert not (tmp_path / "page").exists()


def test_a_pager_that_is_not_there_hides_nothing(eai):
    seen = on_terminal(eai, ["help", "environment"], 80, EAI_PAGER="/nonexistent/pager")
    assert "there is no program /nonexistent/pager" in seen and "EAI_PORT" in seen
    seen = on_terminal(eai, ["help", "environment"], 80, PATH="/nonexistent")
    assert "there is no program" not in seen and "EAI_PORT" in seen, "nobody has asked for less"


def test_leaving_less_early(eai):
    with Terminal(eai) as terminal:
        terminal.line("eai help environment; echo left with $?")
        terminal.wait("EAI_HOST")
        terminal.wait(":")
        terminal.keys("C-c")
        terminal.wait(lambda seen: seen.count("EAI_HOST") == 2)  # it shows the page again, and has not ended
        terminal.type("q")
        terminal.wait("left with 0")


def test_a_shown_model_opens_in_the_pager_too(eai, tmp_path):
    eai("pull", "eai-demo")
    program = str(pager(tmp_path))
    on_terminal(eai, ["show", "eai-demo", "eai-demo"], 80, EAI_PAGER=program)
    assert not (tmp_path / "page").exists(), "a short one"
    on_terminal(eai, ["show", "eai-demo", "eai-demo-embed", "eai-demo-image"], 30, EAI_PAGER=program)
    assert "eai-demo-image" in (tmp_path / "page").read_text()
    eai("rm", "eai-demo")


# ---- the manual

def pages():
    return sorted(MANUAL.glob("man?/*"))


def test_every_command_and_topic_has_a_page(eai):
    names = {page.name for page in pages()}
    offered = [line.split("\t")[0] for line in eai("__complete", "fish", "").stdout.splitlines()[:-1]]
    below = [line.split("\t")[0] for line in eai("__complete", "fish", "model", "").stdout.splitlines()[:-1]]
    assert len(below) > 15
    assert {f"eai-{word}.1" for word in offered if word != "model"} | {f"eai-model-{word}.1" for word in below} <= names
    assert {"eai.1", *(f"eai-{topic}.7" for topic in TOPICS)} <= names


def test_the_pages_are_well_made():
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *pages()], cwd=MANUAL, capture_output=True, text=True, timeout=WAIT)
    assert done.stdout == "" and done.returncode == 0


@pytest.mark.parametrize("name,said", [
    ("eai", ["EXAMPLES", "eai run qwen3-1.7b", "EXIT STATUS", "130", "eai-model-run(1)"]),
    ("eai-model-run", ["SYNOPSIS", "eai model run [option ...] [model ...]", "--context-length NUMBER", "EAI_PORT"]),
    ("eai-ls", ["eai model list", "eai ls"]),
    ("eai-environment", ["EAI_PORT", "server.port, --port"]),
])
def test_man_shows_a_page(eai, name, said):
    done = subprocess.run(["man", "-M", MANUAL, name], capture_output=True, text=True, timeout=WAIT,
                          env={**eai.environment, "MANWIDTH": "100", "MAN_KEEP_FORMATTING": "", "LC_ALL": "C.UTF-8"})
    assert done.returncode == 0, done.stderr
    plain = re.sub(".\b", "", done.stdout)
    assert all(words in flat(plain).replace("\u2010", "-") for words in said), plain


def test_help_and_manual_name_the_same_options(eai):
    text = (MANUAL / "man1/eai-model-preserve.1").read_text().replace("\\-", "-")
    options = set(re.findall(r"(--[a-z-]+)", eai("model", "preserve", "--help").stdout.split("Options:")[1]))
    assert len(options) > 20 and all(f"\\fB{option}\\fR" in text or f"{option}\\fR" in text for option in options)


def test_all_of_it_is_installed(tmp_path):
    subprocess.run(["cmake", "--install", BUILD, "--prefix", tmp_path], check=True, capture_output=True)
    for file in ("man/man1/eai.1", "man/man1/eai-model-run.1", "man/man7/eai-formats.7", "doc/eai/json.schema.json",
                 "bash-completion/completions/eai", "zsh/site-functions/_eai", "fish/vendor_completions.d/eai.fish"):
        assert (tmp_path / "share" / file).stat().st_size > 0
    assert not (tmp_path / "share/man/made").exists()
    for shell, file in (("bash", "bash-completion/completions/eai"), ("zsh", "zsh/site-functions/_eai")):
        assert (tmp_path / "share" / file).read_text() == subprocess.run([EAI, "completion", shell], capture_output=True,
                                                                         text=True, timeout=WAIT).stdout

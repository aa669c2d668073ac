"""What README.md and docs/ say can be followed: links lead somewhere, the commands within sentences exist, and the recorded
session is what happens. documents_commands_test.py runs the commands."""
import re
import subprocess
import sys

import pytest
from conftest import BUILD, WAIT
from documents import PAGES, ROOT, broken_links, is_right_for_make, plain, spoken


NO_COMMANDS = {"eai is running"}  # what the server answers at its root


def test_links_lead_somewhere():
    assert not [broken for page in [*PAGES, "bench/README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"] for broken in broken_links(page)]


def fault_of(words, helps):
    """Why `eai words` cannot be typed like this, by what --help says."""
    words = [word.rstrip(",") for word in re.sub(r"[\[\]<>|…]", " ", words).split()][1:]
    if words[:1] == ["help"] or not words or words[0].startswith("-"):
        return None
    name = next((words[:count] for count in (2, 1) if helps(*words[:count])), None)
    if not name or (name == ["model"] and len(words) > 1):
        return f"`eai {' '.join(words)}`: there is no such command"
    options = [word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)]
    return next((f"`eai {' '.join(words)}`: there is no option {option}" for option in options
                 if not re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", helps(*name))), None)


@pytest.fixture(scope="module")
def helps(eai):
    known = {}

    def text(*words):
        if words not in known:
            process = eai.start(*words, "--help") if re.match("[a-z]", words[0]) else None
            known[words] = process.communicate(timeout=WAIT)[0] if process else ""
            if not known[words].count(f"Usage: eai {' '.join(words)}") and len(words) == 2:
                known[words] = ""  # the second word was no command but what the first one works on
        return known[words]
    return text


def test_the_check_of_words_finds_faults(helps):
    assert not fault_of("eai model seed qwen3-1.7b --share-host 0.0.0.0", helps) and not fault_of("eai ls --all", helps)
    for wrong in ("eai modle run x", "eai model sed x", "eai ls --al", "eai run x --sharehost 1"):
        assert fault_of(wrong, helps), wrong


@pytest.mark.parametrize("page", PAGES)
def test_commands_in_sentences_exist(helps, page):
    assert not [fault for fault in (fault_of(words, helps) for words in spoken(page) if words not in NO_COMMANDS) if fault]


def rows_of(text):
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if line.startswith("|")]


def test_figures_of_performance_are_those_that_were_measured():
    """Each figure stands in the rows of bench/README.md that belong to the command beside it."""
    measured, name = {}, ""
    for row in rows_of((ROOT / "bench/README.md").read_text()):
        name = row[0].strip("`") or name
        measured[name] = measured.get(name, "") + " ".join(row[1:])
    figures = [row for row in rows_of((ROOT / "docs/performance.md").read_text()) if len(row) == 3 and "make bench" in row[2]]
    assert len(figures) > 15
    for what, figure, command in figures:
        command = command.strip("`")
        assert is_right_for_make(command), command
        numbers = re.findall(r"\d[\d.]*", figure)
        known = measured[re.search(r'NAMES="(\w+)"', command)[1]]
        assert numbers and all(re.search(rf"(?<![\d.]){re.escape(number)}(?![\d]|\.\d)", known) for number in numbers), (what, figure, known)


@pytest.mark.parametrize("page", [*PAGES, "CONTRIBUTING.md", "bench/README.md"])
def test_targets_of_make_in_sentences_exist(page):
    text = " ".join((ROOT / page).read_text().split())
    for command in re.findall(r"`((?:\w+=\S+ )*make [^`…]*)`", text):
        assert is_right_for_make(command), command


def test_the_session_in_the_readme_can_be_recorded_again(tmp_path):
    again = tmp_path / "session.svg"
    subprocess.run([sys.executable, ROOT / "tools/record_session.py", BUILD, again], check=True, timeout=WAIT, capture_output=True)
    kept = ROOT / "docs/session.svg"
    assert "docs/session.svg" in (ROOT / "README.md").read_text()
    for file in (again, kept):
        text = file.read_text()
        shown = re.findall(r"<text[^>]*>(.*?)</text>", text)
        assert "The capital of France is Paris." in shown and "$ eai run eai-demo" in shown
        assert len(text) < 40_000 and "http" not in re.sub(r"http://(www\.w3\.org/2000/svg|127\.0\.0\.1:8080)", "", text)
    assert [plain(line) for line in again.read_text().splitlines()] == [plain(line) for line in kept.read_text().splitlines()]

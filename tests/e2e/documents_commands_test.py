"""Every command of README.md and docs/ is run here as it is written there, in the order of the page."""
import re
import shlex
import socket
import subprocess
import sys

import pytest
from conftest import WAIT
from documents import PAGES, ROOT, blocks, commands, dialogue, is_right_for_make, plain
from documents_place import Place, Players
from peers import Kubo, Lighthouse
from terminal import Terminal

# The exceptions, and why. Everything else in a block of a shell is run and has to end with exit status 0.
NOT_RUN = {
    "docs/cluster.md": "three machines with an IPFS Cluster: cluster_followers_test.py runs all of this page",
    "bash ubuntu.sh": "it installs packages: setup_test.py",
}
ENDS = {  # command: other exit statuses
    r"eai doctor( .*)?": (0, 8),  # no gateway can be reached here
    r"eai jobs pause 1": (0, 7),  # the download of a tiny model has ended by then
}
SHOWS_OTHERS = ("eai search", "eai bench", "eai doctor")  # what they show is another on each machine
EACH_ALONE = {"docs/tools.md"}  # its blocks do not follow from one another, so no server is left to the next one
BEFORE = {"docs/json.md": ["eai run qwen3-1.7b hello"]}  # it speaks of a server that runs


def test_nothing_else_is_here():
    """The commands use the port that the pages name, which is free in a network of our own."""
    assert {name for _, name in socket.if_nameindex()} == {"lo"}, "run this by tests/offline.sh"


@pytest.fixture(scope="module")
def players(tmp_path_factory):
    folder = tmp_path_factory.mktemp("players")
    (folder / "blocks").mkdir()
    return Players(folder)


@pytest.fixture
def place(players, tmp_path):
    made = []

    def make(**environment):
        made.append(Place(players, tmp_path / "work", **environment))
        return made[0]
    yield make
    for each in made:
        each.stop()


@pytest.fixture
def homes(request, tmp_path):
    """Kubo and Lighthouse, for the pages that preserve: variables by which eai finds them."""
    text = "".join(block.body for block in blocks(request.getfixturevalue("page"), "bash", "console"))
    if "preserve" not in text and "ipfs" not in text:
        yield {}
        return
    kubo = Kubo(tmp_path / "kubo")
    lighthouse = Lighthouse(kubo)
    yield {**lighthouse.environment, "EAI_KUBO_API": kubo.api}
    lighthouse.stop()
    kubo.stop()


def statuses_of(command):
    return next((statuses for pattern, statuses in ENDS.items() if re.fullmatch(pattern, command)), (0,))


def run_lines(place, block):
    machine = place.machine(block)
    for command in commands(place.words(block.body)):
        bare = command.split(" #")[0].strip()
        where = f"{block.page}, below \"{block.heading}\": {command}"
        if bare in NOT_RUN:
            continue
        if re.match(r"(\w+=\S+ )*make\b", bare):
            assert is_right_for_make(bare), where
            continue
        fault = machine.run(bare if "\n" not in command else command, statuses_of(bare))
        assert not fault, f"{where}\n{fault}"


def run_console(place, block):
    machine = place.machine(block)
    prompt = re.compile(r"\n?\[(\d+) (\d+)\] \$$")  # the last exit status, and the number of the command to come

    with Terminal(machine, columns=120, rows=50, PS1=r"[$? \#] $ ") as terminal:
        def until_prompt(number):
            return terminal.wait(lambda screen: (at := prompt.search(screen.rstrip())) and int(at[2]) == number).rstrip()

        before = [f"cd {shlex.quote(str(machine.work))}", *machine.exports]
        for number, command in enumerate(before, 2):
            terminal.line(command)
            until_prompt(number)
        for number, (command, typed, shown) in enumerate(dialogue(place.words(block.body)), len(before) + 2):
            where = f"{block.page}, below \"{block.heading}\": {command}"
            terminal.line(command)
            for question in [*(question for question in typed if question), *(["/bye"] if typed and typed[-1] != "/bye" else [])]:
                terminal.prompt()
                terminal.line(question)
            screen = until_prompt(number)
            assert int(prompt.search(screen)[1]) in statuses_of(command), f"{where}\n{screen}"
            if not command.startswith(SHOWS_OTHERS):
                seen = {plain(line) for line in screen.rpartition(f"{number - 1}] $ {command}")[2].splitlines()}
                missing = [line for line in shown if plain(line) not in seen and line.strip() not in ("", "…")]
                assert not missing, f"{where}\ndid not show\n{missing}\nbut\n{screen}"


def run_python(place, block):
    machine = place.machine(block)
    done = subprocess.run([sys.executable, "-c", place.words(block.body)], cwd=machine.work, env=machine.environment, capture_output=True,
                          text=True, timeout=WAIT, check=False)
    assert done.returncode == 0, f"{block.page}, below \"{block.heading}\"\n{done.stderr}"


KINDS = {"bash": run_lines, "console": run_console, "python": run_python}


@pytest.mark.parametrize("page", [page for page in PAGES if page not in NOT_RUN and blocks(page, *KINDS)])
def test_commands_work_as_they_are_written(place, homes, page):
    found = place(**homes)
    for command in BEFORE.get(page, ()):
        assert not found.here.run(command)
    for block in blocks(page, *KINDS):
        if page in EACH_ALONE:
            found.here.run("eai stop", (0, 3))
        KINDS[block.language](found, block)


def test_every_page_that_is_not_run_is_there_and_has_commands():
    assert blocks("docs/cluster.md", "bash") and (ROOT / "ubuntu.sh").exists()


def test_a_wrong_command_is_seen(place):
    machine = place().here
    for wrong in ("eai ls --everything", "eai run qwen3-1.7b hello --no-such-thing", "eai model seed no-such-model", "eai ls | false"):
        assert machine.run(wrong), wrong
    assert not machine.run("eai ls --all") and machine.run("eai ls", (3,))
    assert not is_right_for_make("make demmo") and is_right_for_make("EAI_GPU=cuda make")



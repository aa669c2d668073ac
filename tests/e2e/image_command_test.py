"""`eai image`: words in, a picture out; in a pipe, in a script, and in terminals that show pictures or do not."""
import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import tempfile
import termios
import threading
import time

import pytest
from conftest import EAI, WAIT
from flux import engines, flux, make_flux, serve, server, source  # noqa: F401
from images_test import picture
from legacy import container
from pictures import png, size_of

WORDS = "a red circle"
SIXEL, KITTY, ITERM = b"\x1bP0;1;0q", b"\x1b_Ga=T,f=100", b"\x1b]1337;File=inline=1"


@pytest.fixture
def image(eai, server, tmp_path):
    """Runs `eai image` in a folder of its own while a server is running."""
    def run(*words, **more):
        return eai("image", *words, cwd=tmp_path, **more)
    return run


class Terminal:
    """A terminal of 24 lines with `eai image` in it; asked for its attributes, it answers as the test says."""

    def __init__(self, eai, folder, *words, answer=b"", **environment):
        self.seen, self.answer = b"", answer
        self.grown = threading.Condition()
        self.controller, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 800, 480))
        # At Ctrl-C a terminal sends the signal and then discards what is on its way, which now and then is the answer
        # to it.
        settings = termios.tcgetattr(terminal)
        settings[3] |= termios.NOFLSH
        termios.tcsetattr(terminal, termios.TCSANOW, settings)
        environment = {**eai.environment, "TERM": "xterm-256color", **environment}
        self.process = subprocess.Popen([EAI, "image", *map(str, words)], env=environment, cwd=folder, stdin=terminal,
                                        stdout=terminal, stderr=terminal, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(terminal)
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        while True:
            try:
                piece = os.read(self.controller, 65536)
            except OSError:  # nobody has the other side open any more
                break
            with self.grown:
                self.seen += piece
                if self.answer and b"\x1b[c" in self.seen:
                    os.write(self.controller, self.answer)
                    self.answer = b""
                self.grown.notify_all()

    def until(self, pattern):
        with self.grown:
            assert self.grown.wait_for(lambda: re.search(pattern, self.seen), WAIT), self.seen[-2000:]

    def type(self, keys):
        os.write(self.controller, keys)

    def end(self):
        status = self.process.wait(WAIT)
        self.thread.join(WAIT)
        os.close(self.controller)
        return status


def test_without_a_server_it_starts_one_that_stays(eai, source, flux, tmp_path):
    first = eai("image", WORDS, "--model", flux, "--size", "64x64", "--port", "0", *source.sources(), cwd=tmp_path)
    assert first.stdout == "a-red-circle.png\n" and "eai model stop" in first.stderr
    pid = eai.json("model", "status")["pid"]
    second = eai("image", "a", "red", "circle", "--size", "64x64", cwd=tmp_path)
    assert second.stdout == "a-red-circle-2.png\n" and eai.json("model", "status")["pid"] == pid
    eai("model", "stop")
    assert size_of((tmp_path / "a-red-circle.png").read_bytes()) == ("png", 64, 64)
    third = eai("image", WORDS, "--size", "64x64", "--port", "0", "-o", "x.png", cwd=tmp_path)
    assert third.stdout == "x.png\n", "the one image model that is here needs no name"
    assert not list(tmp_path.glob(".*")) and len(list(tmp_path.iterdir())) == 3


def test_the_picture_is_what_the_api_draws(image, server, tmp_path):
    image(WORDS, "--size", "64x64", "--seed", "7", "-o", "p.png")
    assert (tmp_path / "p.png").read_bytes() == picture(server, WORDS, seed=7)
    image(WORDS, "--size", "64x64", "--seed", "7", "--steps", "6", "--guidance", "1.5", "-o", "q.jpg")
    assert size_of((tmp_path / "q.jpg").read_bytes()) == ("jpeg", 64, 64)
    out = image(WORDS, "--size", "64x64", "--seed", "7", "--n", "2", "--format", "webp", "-o", "r.bin").stdout
    assert out == "r-1.bin\nr-2.bin\n"
    assert {size_of((tmp_path / name).read_bytes()) for name in out.split()} == {("webp", 64, 64)}


def test_to_a_pipe(eai, server, tmp_path):
    out = subprocess.run([EAI, "image", WORDS, "--size", "64x64", "--seed", "7", "-q", "-o", "-"], env=eai.environment,
                         cwd=tmp_path, capture_output=True, timeout=WAIT)
    assert out.returncode == 0 and out.stderr == b"" and out.stdout == picture(server, WORDS, seed=7)


def test_a_file_is_replaced_only_when_told(image, tmp_path):
    (tmp_path / "mine.png").write_text("mine")
    assert "--force" in image(WORDS, "-o", "mine.png", status=2).stderr
    assert (tmp_path / "mine.png").read_text() == "mine"
    image(WORDS, "--size", "64x64", "-o", "mine.png", "--force")
    assert size_of((tmp_path / "mine.png").read_bytes())[0] == "png"


def test_a_picture_is_changed(image, tmp_path):
    (tmp_path / "a.png").write_bytes(png(64, 64))
    (tmp_path / "m.png").write_bytes(png(64, 64, b"\0\0\0\xff"))
    for name, words in (("free", []), ("kept", ["--mask", "m.png"])):
        image("b", "--image", "a.png", *words, "--seed", "1", "--strength", "0.9", "-o", f"{name}.png")
        assert size_of((tmp_path / f"{name}.png").read_bytes()) == ("png", 64, 64)
    assert (tmp_path / "free.png").read_bytes() != (tmp_path / "kept.png").read_bytes()
    (tmp_path / "no.png").write_text("hello")
    assert "image" in image("b", "--image", "no.png", "-o", "c.png", status=2).stderr
    assert not (tmp_path / "c.png").exists()


def test_events_for_programs(image, tmp_path):
    out = image(WORDS, "--size", "64x64", "--seed", "7", "--steps", "3", "--n", "2", "--json")
    assert out.stderr == ""
    events = [json.loads(line) for line in out.stdout.splitlines()]
    steps = [(e["image"], e["step"], e["total"]) for e in events if e["event"] == "progress"]
    assert steps == [(image, step, 3) for image in (0, 1) for step in (1, 2, 3)]
    drawn = [e for e in events if e["event"] == "image"]
    assert [e["seed"] for e in drawn] == [7, 8] and [e["size"] for e in drawn] == ["64x64"] * 2
    assert [e["file"] for e in drawn] == [str(tmp_path / f"a-red-circle-{k}.png") for k in (1, 2)]
    assert events[-1]["event"] == "done" and events[-1]["seconds"] > 0


@pytest.mark.parametrize("words, status, said", [
    ([], 2, "say what to draw"), (["x", "--size", "513x7"], 2, "multiples"), (["x", "--size", "big"], 2, "like 1024x768"),
    (["x", "--steps", "201"], 2, "--steps"), (["x", "--seed", "-1"], 2, "--seed"), (["x", "--n", "11"], 2, "--n"),
    (["x", "--guidance", "much"], 2, "--guidance"), (["x", "-o", "x.gif"], 2, ".gif"), (["x", "-o", "no/x.png"], 3, "no"),
    (["x", "--mask", "m.png"], 2, "--image"), (["x", "--image", "none.png"], 3, "none.png"),
    (["x", "--model", "eai-demo"], 3, "eai-demo"), (["x", "-o", "-", "--json"], 2, "--json"),
    (["x", "-o", "-", "--n", "2"], 2, "one picture"),
])
def test_what_cannot_be_is_said_and_leaves_no_file(image, tmp_path, words, status, said):
    assert said in image(*words, status=status).stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("answer, environment, shown", [
    (b"\x1b[?62;4;22c", {}, SIXEL), (b"\x1b_Gi=31;OK\x1b\\\x1b[?62c", {}, KITTY), (b"", {"TERM_PROGRAM": "iTerm.app"}, ITERM),
    (b"", {"TERM": "xterm-kitty"}, KITTY), (b"\x1b[?64;1;2c", {}, None), (b"", {}, None), (b"", {"TERM": "dumb"}, None),
])
def test_a_terminal_shows_what_it_can(eai, server, tmp_path, answer, environment, shown):
    terminal = Terminal(eai, tmp_path, WORDS, "--size", "64x64", "--steps", "8", answer=answer, **environment)
    assert terminal.end() == 0, terminal.seen
    for way in (SIXEL, KITTY, ITERM):
        # Three previews, and the picture itself.
        assert terminal.seen.count(way) == (4 if way == shown else 0), terminal.seen[-3000:]
    assert terminal.seen.rstrip().split(b"\n")[-2].endswith(b"a-red-circle.png\r")
    assert terminal.seen.count(b"\x1b[c") == (0 if environment else 1), "only an unknown terminal is asked"
    assert size_of((tmp_path / "a-red-circle.png").read_bytes()) == ("png", 64, 64)


def test_the_line_of_progress(eai, server, tmp_path):
    terminal = Terminal(eai, tmp_path, WORDS, "--size", "256x256", "--steps", "30", "--no-preview")
    terminal.until(rb"step \d+ of 30")
    terminal.until(rb"(steps/s|s/step)")
    terminal.until(rb" left")
    assert terminal.end() == 0
    assert b"\x1b[c" not in terminal.seen, "without previews no terminal is asked"


def test_ctrl_c_ends_the_job_and_leaves_no_file(eai, server, tmp_path):
    for words in ([], ["--no-preview"]):
        terminal = Terminal(eai, tmp_path, WORDS, "--size", "256x256", "--steps", "200", *words, answer=b"\x1b[?62;4c")
        terminal.until(rb"step [3-9] of 200")
        terminal.type(b"\x03")
        assert terminal.end() == 130
        assert b"Nothing was written" in terminal.seen
        assert not list(tmp_path.iterdir())
    begun = time.monotonic()
    eai("image", "next", "--size", "64x64", cwd=tmp_path)
    assert engines(eai)["flux"]["leases"] == 0
    assert time.monotonic() - begun < 30, "the steps that were left were drawn"


def test_a_server_that_dies_is_told(eai, source, flux, server, tmp_path):
    process = eai.start("image", "x", "--size", "256x256", "--steps", "200", "--json", cwd=tmp_path)
    for line in process.stdout:
        if json.loads(line)["event"] == "progress":
            break
    os.kill(eai.json("model", "status")["pid"], 9)
    out, err = process.communicate(timeout=WAIT)
    assert process.returncode == 5 and "the server stopped" in err and not list(tmp_path.iterdir())


def test_a_server_without_an_image_model_is_told(eai, tmp_path):
    serve(eai, "eai-demo")
    assert "serves no image model" in eai("image", "x", cwd=tmp_path, status=3).stderr
    assert "cannot draw pictures" in eai("image", "x", "--model", "eai-demo", cwd=tmp_path, status=2).stderr


def test_a_model_that_is_shipped_draws_without_a_name(tmp_path):
    folder = make_flux(tmp_path / "painter")
    _, blocks = container("painter", {file.name: file.read_bytes() for file in folder.iterdir()}, task="image-generation")
    program, shipped = tmp_path / "bin/eai", tmp_path / "share/eai/blocks"
    program.parent.mkdir()
    shipped.mkdir(parents=True)
    shutil.copy(EAI, program)
    (tmp_path / "libexec").symlink_to(EAI.parents[1] / "libexec")
    for cid, data in blocks.items():
        (shipped / cid).write_bytes(data)
    with tempfile.TemporaryDirectory(prefix="eai-") as home:  # short, for the socket
        environment = {"PATH": "/usr/bin:/bin", "HOME": home, "EAI_HOME": home, "EAI_OFFLINE": "true"}
        words = [program, "image", WORDS, "--size", "64x64", "--port", "0", "-q", "-o", tmp_path / "x.png"]
        subprocess.run(words, env=environment, check=True, timeout=WAIT)
        subprocess.run([program, "model", "stop"], env=environment, check=True, timeout=WAIT)
    assert size_of((tmp_path / "x.png").read_bytes()) == ("png", 64, 64)

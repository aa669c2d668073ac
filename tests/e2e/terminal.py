"""A terminal of a given size in which a person types, made by tmux."""
import os
import pathlib
import select
import shlex
import shutil
import subprocess
import tempfile
import time

from conftest import EAI, WAIT

PATIENCE = 40  # seconds: more than anything that is waited for here takes


class Terminal:
    """A shell in a tmux session of its own, with the environment of `eai`. `eai` is in its PATH."""

    def __init__(self, eai, columns=80, rows=24, **environment):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tmux-"))
        path = f"{EAI.parent}:{eai.environment['PATH']}"
        self.environment = {**eai.environment, "PATH": path, "TERM": "screen", "PS1": "$ ", "HISTFILE": "/dev/null",
                            **environment}
        words = [f"{name}={value}" for name, value in self.environment.items()]
        self.tmux("-u", "-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", rows,
                  shlex.join(["env", "-i", *words, "bash", "--norc", "--noprofile"]))
        os.mkfifo(self.folder / "news")
        self.news = os.open(self.folder / "news", os.O_RDONLY | os.O_NONBLOCK)
        self.tmux("pipe-pane", f"exec cat > {shlex.quote(str(self.folder / 'news'))}")
        self.wait("$")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tmux("kill-server")
        os.close(self.news)
        shutil.rmtree(self.folder)

    def tmux(self, *words, **more):
        done = subprocess.run(["tmux", "-S", self.folder / "socket", *map(str, words)], text=True, timeout=WAIT, check=True,
                              stdout=subprocess.PIPE, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"},
                              **more)
        return done.stdout

    def screen(self, styles=False):
        """What can be seen, and what has scrolled away, without the blank rest of each line."""
        return self.tmux("capture-pane", "-p", "-S", "-", *(["-e"] if styles else []))

    def wait(self, wanted, after=""):
        """The screen, as soon as it shows this text (or a function of it is true) somewhere after the last `after`."""
        end = time.monotonic() + PATIENCE
        while True:
            screen = self.screen()
            rest = screen.rpartition(after)[2] if after else screen
            if wanted(rest) if callable(wanted) else wanted in rest:
                return screen
            assert time.monotonic() < end, f"{wanted!r} did not come; the screen is\n{screen}"
            select.select([self.news], [], [], 1)
            try:
                os.read(self.news, 1 << 20)
            except BlockingIOError:
                pass

    def keys(self, *names):
        """Keys by tmux's names: Enter, C-c, Up."""
        self.tmux("send-keys", *names)

    def type(self, text):
        self.tmux("send-keys", "-l", "--", text)

    def line(self, text):
        self.type(text)
        self.keys("Enter")

    def paste(self, text):
        """As a terminal does it that has been asked to mark what is pasted."""
        self.tmux("load-buffer", "-", input=text)
        self.tmux("paste-buffer", "-p", "-r")

    def resize(self, columns, rows=24):
        """Returns once the programs in it can know: tmux tells them a moment later."""
        self.tmux("resize-window", "-x", columns, "-y", rows)
        tty = os.open(self.tmux("display-message", "-p", "#{pane_tty}").strip(), os.O_RDONLY | os.O_NOCTTY)
        end = time.monotonic() + PATIENCE
        while os.get_terminal_size(tty) != (columns, rows):
            assert time.monotonic() < end, f"the terminal did not become {columns} by {rows}"
            select.select([self.news], [], [], 0.05)
        os.close(tty)

    def prompt(self, prompt=">>>"):
        """Waits until the last line is an empty prompt."""
        return self.wait(lambda screen: screen.rstrip().endswith("\n" + prompt))

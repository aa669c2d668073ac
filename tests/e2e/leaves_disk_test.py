"""A disk that is full, at whichever write, loses no leaf that is on it and shows no model that is not whole."""
import errno
import os
import pathlib
import subprocess
import threading

import pytest
from file_server import MODEL, FileServer, planted  # noqa: F401
from preserve_world import WAIT, World, world  # noqa: F401

MIB, KIB = 1 << 20, 1 << 10


class SmallDisk:
    """A file system of its own at `folder`, which processes that are begun with `before` see."""

    def __init__(self, folder, size):
        folder.mkdir()
        self.keeper = subprocess.Popen(["unshare", "--mount", "sh", "-c", f'mount -t tmpfs -o size={size} none "$0" && echo && exec cat',
                                        folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.keeper.stdout.readline()
        self.before = ["nsenter", f"--mount=/proc/{self.keeper.pid}/ns/mnt"]
        self.folder = pathlib.Path(f"/proc/{self.keeper.pid}/root{folder}")
        self.filler = self.folder / "what others keep here"

    def leave(self, room):
        """Others take all but so many bytes. What the download writes between the look and the taking makes it look again."""
        with open(self.filler, "wb") as file:
            while True:
                state = os.statvfs(self.folder)
                try:
                    os.posix_fallocate(file.fileno(), 0, max(1, state.f_bavail * state.f_frsize - room))
                    return
                except OSError as full:
                    if full.errno != errno.ENOSPC:
                        raise
                    if state.f_bavail == 0:
                        return

    def free(self):
        self.filler.unlink(missing_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.keeper.communicate()


def test_full_at_any_write(planted, tmp_path):
    """Somebody else fills the disk once the download has begun, and leaves it a little more room each time."""
    other = World(tmp_path / "other")
    other.folder.mkdir()
    full, runs = 0, 0
    with SmallDisk(other.folder / "home", MODEL + 16 * MIB) as disk, FileServer(planted.data) as server:
        model = disk.folder / "models" / planted.hash
        parts = disk.folder / "partial" / planted.hash
        asked, go_on = threading.Event(), threading.Event()

        def waits(_):
            asked.set()
            go_on.wait(WAIT)

        server.behave = waits

        def attempt(room):
            asked.clear(), go_on.clear()
            running = subprocess.Popen([*disk.before, *other.command(*planted.words, "--source", server.url)], env=other.environment,
                                       text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            assert asked.wait(WAIT), running.communicate()
            disk.leave(room())
            go_on.set()
            _, err = running.communicate(timeout=WAIT)
            disk.free()
            assert running.returncode in (0, 8), err
            assert (running.returncode == 0) == model.exists(), err
            assert running.returncode == 0 or ("No space left" in err and "partial" in err), err
            return running.returncode == 8

        def missing():
            return MODEL - (parts / "model.gguf").stat().st_blocks * 512

        for room in (lambda: 0, lambda: 4 * KIB, lambda: 100 * KIB, lambda: 3 * MIB, lambda: MODEL // 2, lambda: missing() - 300 * KIB,
                     lambda: missing() - 4 * KIB, missing, lambda: missing() + 8 * KIB):
            runs += 1
            if not attempt(room):
                break
            full += 1
        if not model.exists():
            runs += 1
            done = subprocess.run([*disk.before, *other.command(*planted.words, "--source", server.url)], env=other.environment,
                                  capture_output=True, text=True, timeout=WAIT)
            assert done.returncode == 0, done.stderr
        assert full >= 6
        assert (model / "model.gguf").read_bytes() == planted.data
        assert not parts.exists()
        assert server.sent <= len(planted.data) + full * 16 * MIB

"""A running `eai model seed`, and what its clients see."""
import json
import signal
import subprocess
import urllib.error
import urllib.request

from preserve_world import WAIT


class Seed:
    """Gives on what the words name, on a free port of 127.0.0.1."""

    def __init__(self, world, *words, **more):
        self.process = world.start("seed", *words, "--share-port", "0", "--json", **more)
        self.told = {}
        for line in self.process.stdout:
            self.told = json.loads(line)
            if self.told["event"] == "seeding":
                break
        else:
            raise AssertionError(self.process.stderr.read())
        self.url = self.told["url"]
        self.port = int(self.url.rsplit(":", 1)[1])

    def stop(self):
        """Ends it as Ctrl-C does; returns what it says last."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=WAIT)
        assert self.process.returncode == 130, err
        return json.loads(out.splitlines()[-1])

    def kill(self):
        self.process.kill()
        self.process.communicate(timeout=WAIT)

    def get(self, path, **headers):
        """Status, headers and body."""
        request = urllib.request.Request(self.url + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=WAIT) as reply:
                return reply.status, reply.headers, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def raw(self, cid):
        return self.get(f"/ipfs/{cid}?format=raw")


def seeds(list_of):
    """Ends those that a test has left running."""
    for seed in list_of:
        if seed.process.poll() is None:
            seed.kill()


def no_such_seed(world, *words):
    """What `eai model seed` says when it refuses."""
    done = subprocess.run(world.command("seed", *words), cwd=world.folder, env=world.environment, capture_output=True, text=True,
                          timeout=WAIT)
    assert done.returncode not in (0, 130), done.stdout
    return done.stderr

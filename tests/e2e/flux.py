"""Small image models for the tests: made by the project's script, preserved by eai itself, downloaded into another home."""
import contextlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

from conftest import Eai, Server
from peers import Kubo

SOURCE = pathlib.Path(__file__).resolve().parents[2]


def make_flux(folder, *options):
    subprocess.run([sys.executable, SOURCE / "tools/make_test_flux", folder, *options], check=True)
    return folder


class Publisher:
    """Somebody else: a home that preserves models, and the node that has them then."""

    def __init__(self, folder):
        self.folder = folder
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="eai-"))
        self.eai = Eai(self.home)
        self.node = Kubo(folder / "kubo")

    def preserve(self, folder, *words):
        """The hash of the model in this folder, which the node has."""
        done = self.eai("model", "preserve", folder, "--task", "image-generation", "--to", f"kubo:{self.node.api}", "--no-keep",
                        "-q", *words, cwd=self.folder)
        return done.stdout.strip().splitlines()[-1]

    def sources(self):
        """Words for whoever fetches from here alone."""
        return ["--no-public-gateways", "--gateway", self.node.gateway]

    def stop(self):
        self.node.stop()
        shutil.rmtree(self.home)


@contextlib.contextmanager
def publisher(folder):
    one = Publisher(folder)
    try:
        yield one
    finally:
        one.stop()


def serve(eai, *words, **more):
    """A server with these models, in place of one that runs."""
    out = eai("model", "run", *words, "--port", "0", "--force", "--json", **more).stdout
    return Server(eai, json.loads(out.splitlines()[-1]))


def engines(eai):
    """The status of each model, by folder name."""
    return {model["folder_name"]: model for model in eai.json("model", "status")["models"]}

"""Small image models for the tests: made by the project's script, preserved by eai itself, and downloaded into another
home.

A test file imports the fixtures `source`, `flux` and `server` from here and shares one model among its tests. Its
global FLUX holds further options of tools/make_test_flux for that model."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest
from conftest import Eai, Server
from peers import Kubo

SOURCE = pathlib.Path(__file__).resolve().parents[2]


def make_flux(folder, *options):
    subprocess.run([sys.executable, SOURCE / "tools/make_test_flux", folder, *options], check=True)
    return folder


class Publisher:
    """Another person: a home that preserves models, and the node that holds them afterwards."""

    def __init__(self, folder):
        self.folder = folder
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="eai-"))
        self.eai = Eai(self.home)
        self.node = Kubo(folder / "kubo")

    def preserve(self, folder, *words):
        """Preserves the model in this folder to the node; returns its hash."""
        done = self.eai("model", "preserve", folder, "--task", "image-generation", "--to", f"kubo:{self.node.api}", "--no-keep",
                        "-q", *words, cwd=self.folder)
        return done.stdout.strip().splitlines()[-1]

    def sources(self):
        """The words that make a command fetch from this node alone."""
        return ["--no-public-gateways", "--gateway", self.node.gateway]

    def stop(self):
        self.node.stop()
        shutil.rmtree(self.home)


def serve(eai, *words, **more):
    """A server with these models, which replaces a running one."""
    out = eai("model", "run", *words, "--port", "0", "--force", "--json", **more).stdout
    return Server(eai, json.loads(out.splitlines()[-1]))


def engines(eai):
    """The status of each model, by folder name."""
    return {model["folder_name"]: model for model in eai.json("model", "status")["models"]}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    publisher = Publisher(tmp_path_factory.mktemp("publisher"))
    yield publisher
    publisher.stop()


@pytest.fixture(scope="module")
def flux(request, source):
    """The hash of the model that the tests of this file share."""
    return source.preserve(make_flux(source.folder / "flux", *getattr(request.module, "FLUX", ())))


@pytest.fixture(scope="module")
def server(eai, source, flux):
    """A server with that model."""
    return serve(eai, "--hash", flux, *source.sources())

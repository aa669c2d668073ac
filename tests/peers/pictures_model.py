"""A server with a small image model of random weights; import the fixture `artist`."""
import shutil
import tempfile
from pathlib import Path

import pytest
from conftest import Eai
from flux import make_flux


@pytest.fixture(scope="module")
def artist(tmp_path_factory):
    folder = make_flux(tmp_path_factory.mktemp("models") / "flux")
    home = Path(tempfile.mkdtemp(prefix="eai-"))
    program = Eai(home)
    program("model", "preserve", folder, "--task", "image-generation", "--to", f"car:{folder}.car", cwd=folder.parent)
    yield program.run("--hash", program.stored("flux").name)
    program.start("model", "stop").communicate()
    shutil.rmtree(home)

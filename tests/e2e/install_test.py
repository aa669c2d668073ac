"""What `make install` puts under a prefix runs from there: engines and demo models are found beside the program."""
import pathlib
import shutil
import subprocess
import tempfile

import pytest
from conftest import BUILD, WAIT, Eai


@pytest.fixture
def installed(tmp_path):
    prefix = tmp_path / "a prefix"
    subprocess.run(["cmake", "--install", BUILD, "--prefix", prefix], check=True, capture_output=True)
    home = pathlib.Path(tempfile.mkdtemp(prefix="eai-"))
    program = Eai(home, prefix / "bin" / "eai")
    yield program
    program.start("model", "stop").communicate(timeout=WAIT)
    shutil.rmtree(home)


def test_installed_program_answers(installed):
    server = installed.run("eai-demo")
    assert "Paris" in server.ask("What is the capital of France?")
    prefix = installed.program.parents[1]
    assert (prefix / "share/doc/eai/LICENSE").exists()
    # It runs through a link as well, as people put one into a folder of their PATH.
    link = installed.home / "eai-link"
    link.symlink_to(installed.program)
    assert "eai-demo" in Eai(installed.home, link)("model", "status").stdout

"""The set-up scripts say what is impossible before anything is built, and keep a choice once it has worked."""
import os
import pathlib
import subprocess

import pytest
from conftest import WAIT

SETUP = pathlib.Path(__file__).resolve().parents[2] / "setup"


@pytest.fixture
def script(tmp_path):
    def run(*words, status=0, **variables):
        told = subprocess.run([*map(str, words)], capture_output=True, text=True, timeout=WAIT, cwd=SETUP.parent,
                              env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **variables})
        assert told.returncode == status, told.stderr
        return told
    return run


def commit(folder):
    """A git checkout with one file."""
    git = ["git", "-C", folder, "-c", "user.name=test", "-c", "user.email=test@example.org"]
    folder.mkdir()
    (folder / "CMakeLists.txt").write_text("project(other)\n")
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "other"]):
        subprocess.run([*git, *words], check=True)
    return folder


def test_a_source_that_is_not_the_pinned_one_is_refused(script, tmp_path):
    told = script(SETUP / "llama_engine.sh", status=1, EAI_LLAMA_SOURCE=str(commit(tmp_path / "other")))
    assert "its git tree is" in told.stderr and "EAI_LLAMA_SERVER" in told.stderr and told.stdout == ""
    told = script(SETUP / "llama_engine.sh", status=1, EAI_LLAMA_SOURCE=str(tmp_path))
    assert "is not a git checkout" in told.stderr
    kept = tmp_path / ".cache/eai/engines"
    assert [entry.name for entry in kept.iterdir() if entry.suffix != ".lock"] == []


def test_without_a_network_the_ways_out_are_named(script):
    told = script(SETUP / "llama_engine.sh", status=1, npm_config_fetch_retries="0")
    assert "neither from npm nor from" in told.stderr
    assert "EAI_LLAMA_SOURCE" in told.stderr and "EAI_LLAMA_SERVER" in told.stderr


CHOICE = '. setup/common.sh; options=(); gpu_options_for llama; echo "${options[*]}"; '


def test_the_gpu_is_kept_once_its_engines_are_there(script):
    assert script("bash", "-ec", CHOICE, EAI_GPU="cuda").stdout == "-DGGML_CUDA=ON\n"
    assert script("bash", "-ec", CHOICE).stdout == "\n", "nothing was built with it"
    script("bash", "-ec", CHOICE + "remember_gpu", EAI_GPU="vulkan")
    assert script("bash", "-ec", CHOICE).stdout == "-DGGML_VULKAN=ON\n"
    script("bash", "-ec", CHOICE + "remember_gpu", EAI_GPU="none")
    assert script("bash", "-ec", CHOICE).stdout == "\n"
    assert "use cuda, vulkan, metal or none" in script(SETUP / "image_engine.sh", status=1, EAI_GPU="fast").stderr


def test_packages_are_for_those_who_have_apt(script, tmp_path):
    listed = script(SETUP / "packages.sh", "--list", "build").stdout.split()
    assert "g++" in listed and "golang-go" not in listed
    (tmp_path / "bin").mkdir()
    for tool in ("bash", "dirname", "env"):
        (tmp_path / "bin" / tool).symlink_to(f"/usr/bin/{tool}")
    told = script(SETUP / "packages.sh", "build", PATH=str(tmp_path / "bin"))
    assert "must be installed by hand" in told.stderr

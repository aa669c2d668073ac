"""Models are carried without a network: as one CAR file, as a folder of blocks on a stick, through a pipe; and kubo reads
and writes the same files."""
import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "bench"))
from preserve_world import WAIT, World, kubo, node, wait_for, world  # noqa: F401
from repair_test import MIB, events, preserved, spoil


@pytest.fixture
def other(tmp_path):
    """Another machine, with a store of its own and no network."""
    (tmp_path / "other").mkdir()
    return World(tmp_path / "other")


@pytest.fixture
def model(world, kubo):  # noqa: F811
    """A model that is stored here with its trees."""
    path, data = world.model(size=9 * MIB)
    found = world.hash("--folder-path", path, "--format", "unixfs", "--to", f"kubo:{kubo.api}")
    return found, data


def file_of(machine, model):
    return machine.folder / "home/models" / model / "model.gguf"


def export(machine, model, to, *words):
    done = machine.run("export", "--hash", model, "-o", str(to), *words)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize("layout", ["fixed", "tensor"])
def test_a_car_carries_a_model_to_a_machine_without_a_network(world, other, kubo, tmp_path, layout):  # noqa: F811
    path, data = world.model(size=9 * MIB)
    model = world.hash("--folder-path", path, "--format", "unixfs", "--layout", layout, "--to", f"kubo:{kubo.api}")
    car = tmp_path / "model.car"
    told = events(export(world, model, car, "--json"))[-1]
    assert told["event"] == "exported" and told["bytes"] >= len(data) and car.stat().st_size >= told["bytes"]
    done = other.run("import", str(car), "--json")
    assert done.returncode == 0, done.stderr
    assert events(done)[-1]["hash"] == model and file_of(other, model).read_bytes() == data
    assert other.run("check", "--hash", model).returncode == 0
    # And from there on, byte for byte the same.
    again = tmp_path / "again.car"
    export(other, model, again)
    assert again.read_bytes() == car.read_bytes()
    twice = world.run("export", "--hash", model, "-o", str(car))
    assert twice.returncode != 0 and "exists" in twice.stderr


def test_a_folder_of_blocks_on_a_stick_is_a_source_and_can_be_imported(world, other, model, tmp_path):
    found, data = model
    stick = tmp_path / "stick"
    export(world, found, f"{stick}/")
    assert (stick / found).exists() and len(list(stick.iterdir())) > 9
    assert other.run("download", "--hash", found, "--offline", "--source", str(stick)).returncode == 0
    assert file_of(other, found).read_bytes() == data
    assert other.run("remove", "--hash", found).returncode == 0
    assert other.run("import", str(stick)).returncode == 0
    assert file_of(other, found).read_bytes() == data


def test_a_stick_with_cars_is_a_source(world, other, model, tmp_path):
    found, data = model
    stick = tmp_path / "stick"
    stick.mkdir()
    export(world, found, stick / "some name")
    (stick / "notes.txt").write_text("bread, milk")
    assert other.run("download", "--hash", found, "--offline", "--source", str(stick)).returncode == 0
    assert file_of(other, found).read_bytes() == data


def test_a_pipe_carries_a_model(world, other, model):
    found, data = model
    writing = subprocess.Popen(world.command("export", "--hash", found, "-o", "-"), env=world.environment, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    reading = subprocess.run(other.command("import", "-"), env=other.environment, stdin=writing.stdout, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, timeout=WAIT)
    assert writing.wait() == 0 and reading.returncode == 0, reading.stderr
    assert file_of(other, found).read_bytes() == data
    assert not list((other.folder / "home").glob("import-*"))


def test_kubo_reads_what_is_exported_and_its_exports_can_be_imported(world, other, model, kubo, tmp_path, tmp_path_factory):  # noqa: F811
    found, data = model
    car = tmp_path / "ours.car"
    export(world, found, car)
    for fresh in node(tmp_path_factory):
        assert found in fresh.run("dag", "import", str(car))
        root = json.loads(fresh.get(found))["files"][0]["cid"]
        assert fresh.get(root) == data
    # kubo writes one CAR for each root: the metadata, and each file.
    cars = tmp_path / "cars"
    cars.mkdir()
    for name, cid in (("metadata", found), ("weights", root)):
        with open(cars / f"{name}.car", "wb") as out:
            out.write(kubo.output("dag", "export", cid))
    assert other.run("import", str(cars)).returncode == 0
    assert file_of(other, found).read_bytes() == data


def test_what_is_no_car_or_has_no_model_is_refused_in_words(world, other, model, kubo, tmp_path):  # noqa: F811
    found, data = model
    whole = tmp_path / "whole.car"
    export(world, found, whole)
    bytes_of = whole.read_bytes()
    lone = tmp_path / "lone.car"
    lone.write_bytes(kubo.output("dag", "export", kubo.add(b"just a text")))
    (tmp_path / "text").write_text("no car")
    (tmp_path / "nothing").mkdir()
    for bad in (tmp_path / "text", tmp_path / "nothing", lone, tmp_path / "missing"):
        done = other.run("import", str(bad))
        assert done.returncode not in (0, 1) and done.stderr and "bug" not in done.stderr, (bad, done.stderr)
    # Cut off in the middle; a block that is wrong; a block that lacks.
    cut = tmp_path / "cut.car"
    cut.write_bytes(bytes_of[: len(bytes_of) // 2])
    done = other.run("import", str(cut))
    assert done.returncode not in (0, 1) and "cut off" in done.stderr, done.stderr
    piped = subprocess.run(other.command("import", "-"), env=other.environment, input=bytes_of[: len(bytes_of) // 2], capture_output=True,
                           timeout=WAIT)
    assert piped.returncode not in (0, 1) and b"the standard input: the CAR is cut off" in piped.stderr, piped.stderr
    wrong = tmp_path / "wrong.car"
    wrong.write_bytes(bytes_of)
    spoil(wrong, len(bytes_of) - 1000)
    done = other.run("import", str(wrong))
    assert done.returncode not in (0, 1) and done.stderr
    assert not file_of(other, found).exists()
    # What was proven of it is kept.
    assert other.run("import", str(whole)).returncode == 0 and file_of(other, found).read_bytes() == data


def test_what_cannot_be_exported_is_said(world, kubo, model, tmp_path):  # noqa: F811
    found, _ = model
    archive = world.hash("--folder-path", world.folder / "tiny", "--to", f"kubo:{kubo.api}")
    done = world.run("export", "--hash", archive, "-o", str(tmp_path / "a.car"))
    assert done.returncode != 0 and "archive" in done.stderr and not (tmp_path / "a.car").exists()
    file = file_of(world, found)
    os.chmod(file, 0o600)
    spoil(file, 5 * MIB)
    done = world.run("export", "--hash", found, "-o", str(tmp_path / "b.car"))
    assert done.returncode != 0 and "eai model repair" in done.stderr and not list(tmp_path.glob("b.car*")), done.stderr


def test_an_import_that_is_killed_is_gone_on_with(world, other, kubo, tmp_path):  # noqa: F811
    path, data = world.model(size=128 * MIB)
    model = world.hash("--folder-path", path, "--format", "unixfs", "--to", f"kubo:{kubo.api}")
    car = tmp_path / "model.car"
    export(world, model, car)
    for _ in range(4):
        process = other.start("import", str(car))
        wait_for(lambda: (other.folder / "home/partial" / model / "model.gguf").exists() or process.poll() is not None,
                 other.folder, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert other.run("import", str(car)).returncode == 0
    assert file_of(other, model).read_bytes() == data


def test_an_export_that_is_killed_leaves_no_car(world, kubo, tmp_path):  # noqa: F811
    path, _ = world.model(size=128 * MIB)
    model = world.hash("--folder-path", path, "--format", "unixfs", "--to", f"kubo:{kubo.api}")
    car = tmp_path / "model.car"
    process = world.start("export", "--hash", model, "-o", str(car))
    wait_for(lambda: pathlib.Path(f"{car}.unfinished").exists() or process.poll() is not None, world.folder, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not car.exists()
    export(world, model, car)
    assert not pathlib.Path(f"{car}.unfinished").exists()

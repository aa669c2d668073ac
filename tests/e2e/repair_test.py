"""What is on this disk is not fetched again: a damaged model gets only the leaves that changed, and a new version of a
model only what is new in it."""
import http.client
import json
import os
import pathlib
import random
import re
import signal
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "bench"))
from gguf_maker import gguf
from nginx import Nginx
from preserve_world import WAIT, World, kubo, wait_for, weights, world  # noqa: F401

MIB = 1 << 20


@pytest.fixture
def door(tmp_path, kubo):  # noqa: F811
    """The kubo node's gateway behind an nginx that logs how many bytes it gave."""
    log = tmp_path / "given"
    server = Nginx(tmp_path / "door", f"location / {{ proxy_pass {kubo.gateway}; proxy_http_version 1.1; proxy_set_header Connection ''; "
                   f"proxy_buffering off; access_log {log} plain; }}", 'log_format plain "$body_bytes_sent";')
    server.given = lambda: sum(map(int, log.read_text().split())) if log.exists() else 0
    yield server
    server.stop()


@pytest.fixture
def other(tmp_path):
    """Another machine, with a store of its own."""
    (tmp_path / "other").mkdir()
    return World(tmp_path / "other")


def preserved(world, kubo, path, *words):  # noqa: F811
    return world.hash("--folder-path", path, "--format", "unixfs", "--to", f"kubo:{kubo.api}", "--no-keep", *words)


def run(world, verb, model, door, *words):  # noqa: F811
    return world.run(verb, "--hash", model, "--no-public-gateways", "--gateway", door.url, *words)


def download(world, model, door):  # noqa: F811
    done = run(world, "download", model, door)
    assert done.returncode == 0, done.stderr
    return world.folder / "home/models" / model


def spoil(file, *places):
    with open(file, "r+b") as open_file:
        for place in places:
            open_file.seek(place)
            byte = open_file.read(1)
            open_file.seek(place)
            open_file.write(bytes([byte[0] ^ 0xFF]))


def events(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_three_damaged_leaves_are_named_and_only_these_are_fetched(world, other, kubo, door):  # noqa: F811
    path, data = world.model(size=24 * MIB)
    model = preserved(world, kubo, path)
    file = download(other, model, door) / "model.gguf"
    spoil(file, 1_000, 9 * MIB + 5, 20 * MIB)
    checked = other.run("check", "--hash", model)
    assert checked.returncode != 0 and re.search(r"3 of its 2\d leaves do not match \(at byte \d+, \d+, \d+\)", checked.stdout), checked.stdout
    before = door.given()
    assert "eai model repair tiny" in checked.stderr and "eai model repair tiny" in other.run("list").stderr
    done = other.run("repair", "tiny", "--no-public-gateways", "--gateway", door.url, "--json")
    assert done.returncode == 0, done.stderr
    told = events(done)[-1]
    assert told["event"] == "repaired" and told["was_damaged"] and told["fetched"] <= 3 * MIB and told["here"] >= 20 * MIB, told
    assert door.given() - before <= 3 * MIB + 64 * 1024
    assert file.read_bytes() == data
    assert other.run("check", "--hash", model).returncode == 0
    again = run(other, "repair", model, door, "--json")
    assert events(again)[-1]["was_damaged"] is False and door.given() - before <= 3 * MIB + 64 * 1024


@pytest.mark.parametrize("how", ["cut", "longer", "gone", "metadata", "manifest", "tree"])
def test_whatever_is_damaged_the_rest_is_used(world, other, kubo, door, how):  # noqa: F811
    path, data = world.model(size=24 * MIB)
    model = preserved(world, kubo, path)
    folder = download(other, model, door)
    file = folder / "model.gguf"
    limit = 2 * MIB
    if how == "cut":
        os.truncate(file, 22 * MIB + 77)
        limit = 4 * MIB
    elif how == "longer":
        with open(file, "ab") as longer:
            longer.write(b"more")
    elif how == "gone":
        file.unlink()
        limit = 26 * MIB
    elif how == "tree":
        spoil(folder / "trees/0.car", 500)
        spoil(file, 7 * MIB)
    else:
        (folder / f"{how}.json").write_bytes(b"{")
    before = door.given()
    done = run(other, "repair", model, door)
    assert done.returncode == 0, done.stderr
    assert file.read_bytes() == data and door.given() - before <= limit
    assert other.run("check", "--hash", model).returncode == 0


def test_an_archive_is_fetched_again_as_a_whole_and_that_is_said(world, other, kubo, door):  # noqa: F811
    path, data = world.model(size=5 * MIB)
    model = world.hash("--folder-path", path, "--to", f"kubo:{kubo.api}", "--no-keep")
    file = download(other, model, door) / "model.gguf"
    spoil(file, MIB)
    done = run(other, "repair", model, door)
    assert done.returncode == 0 and "archive" in done.stdout + done.stderr, done.stderr
    assert file.read_bytes() == data


def test_without_a_source_the_damaged_model_stays_and_the_error_names_the_leaf(world, other, kubo, door):  # noqa: F811
    path, data = world.model(size=6 * MIB)
    model = preserved(world, kubo, path)
    file = download(other, model, door) / "model.gguf"
    spoil(file, 3 * MIB)
    done = other.run("repair", "--hash", model, "--offline")
    assert done.returncode != 0 and done.stderr
    left = file.read_bytes()
    assert len(left) == len(data) and left != data
    assert run(other, "repair", model, door).returncode == 0 and file.read_bytes() == data


def test_every_damaged_model_is_repaired_and_the_well_ones_are_left(world, other, kubo, door):  # noqa: F811
    models = []
    for number in range(3):
        path, data = world.model(f"tiny{number}", size=5 * MIB, seed=number)
        model = preserved(world, kubo, path)
        models.append((download(other, model, door) / "model.gguf", data))
    well = models[1][0].stat().st_ino
    spoil(models[0][0], 4 * MIB)
    spoil(models[2][0], 1 * MIB)
    done = other.run("repair", "--all", "--no-public-gateways", "--gateway", door.url, "--json")
    assert done.returncode == 0, done.stderr
    repaired = {told["name"]: told["was_damaged"] for told in events(done) if told["event"] == "repaired"}
    assert repaired == {"tiny0": True, "tiny1": False, "tiny2": True}
    assert all(file.read_bytes() == data for file, data in models) and models[1][0].stat().st_ino == well
    nothing = other.run("repair")
    assert nothing.returncode != 0 and "--all" in nothing.stderr


def test_a_repair_that_is_killed_leaves_a_model_that_can_be_repaired(world, other, kubo, door):  # noqa: F811
    path, data = world.model(size=96 * MIB)
    model = preserved(world, kubo, path)
    file = download(other, model, door) / "model.gguf"
    pick = random.Random(7)
    for _ in range(6):
        spoil(file, *(pick.randrange(len(data)) for _ in range(3)))
        process = other.start("repair", "--hash", model, "--no-public-gateways", "--gateway", door.url, "--json")
        wait_for(lambda: (other.folder / "home/partial" / model / "model.gguf").exists() or process.poll() is not None,
                 other.folder, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert file.stat().st_size == len(data)
    before = door.given()
    assert run(other, "repair", model, door).returncode == 0
    assert file.read_bytes() == data and door.given() - before <= 18 * MIB
    assert not (other.folder / "home/partial" / model).exists()


@pytest.mark.parametrize("layout", ["fixed", "tensor"])
def test_a_longer_template_costs_the_header(world, other, kubo, door, layout):  # noqa: F811
    old, _ = world.model("tiny", size=24 * MIB)
    download(other, preserved(world, kubo, old, "--layout", layout), door)
    new, data = world.model("tiny", size=24 * MIB, template="x" * 1000)
    model = preserved(world, kubo, new, "--layout", layout)
    before = door.given()
    file = download(other, model, door) / "model.gguf"
    assert file.read_bytes() == data
    assert door.given() - before <= 2 * MIB


def missing(other, model, door):  # noqa: F811
    done = run(other, "download", model, door, "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    return events(done)[-1]["missing"]


def test_a_dry_run_tells_what_is_missing_and_leaves_nothing_behind(world, other, kubo, door):  # noqa: F811
    old, data = world.model("tiny", size=24 * MIB)
    first = preserved(world, kubo, old)
    assert missing(other, first, door) == len(data) and door.given() < 2 * MIB
    assert not list((other.folder / "home").glob("partial/*")) and not list((other.folder / "home").glob("models/*"))
    file = download(other, first, door) / "model.gguf"
    assert missing(other, first, door) == 0
    new, data = world.model("tiny", size=24 * MIB, template="z" * 100)
    second = preserved(world, kubo, new)
    before = door.given()
    counted = missing(other, second, door)
    assert 0 < counted <= 2 * MIB and door.given() - before <= 2 * MIB
    assert not list((other.folder / "home").glob("partial/*"))
    spoil(file, 5 * MIB, 15 * MIB)
    assert other.run("check", "--hash", first).returncode != 0
    assert 0 < missing(other, first, door) <= 3 * MIB
    archive = world.hash("--folder-path", new, "--to", f"kubo:{kubo.api}", "--no-keep")
    assert missing(other, archive, door) > 20 * MIB


def test_models_that_share_a_damaged_file_are_both_found(world, other, kubo, door):  # noqa: F811
    models = []
    eyes = gguf([("v.patch_embd.weight", weights(77, 3 * MIB))], architecture="clip")
    for seed in (1, 2):
        path, _ = world.model(f"seer{seed}", size=3 * MIB, seed=seed)
        (path / f"seer{seed}-projector").write_bytes(eyes)
        models.append(preserved(world, kubo, path))
    first, second = (download(other, model, door) / "projector.gguf" for model in models)
    assert first.stat().st_ino == second.stat().st_ino
    os.chmod(first, 0o444)
    spoil(first, MIB)
    done = run(other, "repair", models[0], door)
    assert done.returncode == 0 and "seer2 has the same damaged file" in done.stdout + done.stderr, done.stderr
    assert first.read_bytes() == eyes
    assert run(other, "repair", models[1], door).returncode == 0 and second.read_bytes() == eyes


def test_many_files_and_many_requests_come_to_an_end(world, other, kubo, door):  # noqa: F811
    """Each file is closed once, however its leaves arrive."""
    path, data = world.model("tiny", size=200 * MIB)
    model = world.hash("--folder-path", path, "--zip-chunk-size", "16", "--to", f"kubo:{kubo.api}", "--no-keep")
    assert (download(other, model, door) / "model.gguf").read_bytes() == data


def test_a_file_that_is_here_as_a_whole_is_linked(world, other, kubo, door):  # noqa: F811
    """A new chat model beside the projector of the old one."""
    old, _ = world.model("tiny", size=5 * MIB)
    eyes = gguf([("v.patch_embd.weight", weights(77, 6 * MIB))], architecture="clip")
    (old / "tiny-projector").write_bytes(eyes)
    first = download(other, preserved(world, kubo, old), door)
    new, data = world.model("tiny", size=5 * MIB, seed=5)
    before = door.given()
    second = download(other, preserved(world, kubo, new), door)
    assert (second / "model.gguf").read_bytes() == data and (second / "projector.gguf").read_bytes() == eyes
    assert door.given() - before <= 6 * MIB
    assert (second / "projector.gguf").stat().st_ino == (first / "projector.gguf").stat().st_ino


def test_tensors_are_found_in_another_layout(world, other, kubo, door):  # noqa: F811
    old, _ = world.model("tiny", size=24 * MIB)
    download(other, preserved(world, kubo, old, "--layout", "tensor"), door)
    new, data = world.model("tiny", size=24 * MIB, template="y" * 333)
    before = door.given()
    file = download(other, preserved(world, kubo, new, "--layout", "fixed"), door) / "model.gguf"
    assert file.read_bytes() == data and door.given() - before <= 2 * MIB


def test_a_model_that_only_looks_alike_is_fetched(world, other, kubo, door):  # noqa: F811
    old, _ = world.model("tiny", size=12 * MIB, seed=1)
    kept = download(other, preserved(world, kubo, old), door) / "model.gguf"
    before_bytes = kept.read_bytes()
    new, data = world.model("tiny", size=12 * MIB, seed=2)
    file = download(other, preserved(world, kubo, new), door) / "model.gguf"
    assert file.read_bytes() == data and kept.read_bytes() == before_bytes


@pytest.fixture
def served(world, other, kubo, door):  # noqa: F811
    """The demo model as a unixfs model, and words that serve it."""
    path = world.folder / "demo"
    path.mkdir()
    (path / "demo").write_bytes(demo_gguf(world))
    model = preserved(world, kubo, path)
    file = download(other, model, door) / "model.gguf"
    yield model, file
    other.run("stop")


def demo_gguf(world):  # noqa: F811
    """The bytes of the model that ships with the program."""
    done = world.run("download", "eai-demo", "--offline", "--json")
    assert done.returncode == 0, done.stderr
    return next(pathlib.Path(events(done)[-1]["folder"]).glob("*.gguf")).read_bytes()


def ask(port, text, on_part=lambda count: None):
    """What the model streams."""
    body = json.dumps({"messages": [{"role": "user", "content": text}], "stream": True, "temperature": 0})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT)
    connection.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
    parts, ended = [], False
    for line in connection.getresponse():
        if line.strip() == b"data: [DONE]":
            ended = True
        elif line.startswith(b"data: "):
            parts.append(json.loads(line[6:])["choices"][0]["delta"].get("content") or "")
            on_part(len(parts))
    return "".join(parts), ended


def status(other):
    return json.loads(other.run("status", "--json").stdout)


def test_a_running_server_goes_on_and_its_next_engine_has_the_mended_file(other, door, served):  # noqa: F811
    model, file = served
    good = file.read_bytes()
    ready = events(other.run("run", "--hash", model, "--port", "0", "--json"))[-1]
    whole, _ = ask(ready["port"], "Tell me a story")
    before = engine_pid(other, model)

    def damage_and_repair(count):
        if count == 5:
            spoil(file, len(good) - 100)
            done = run(other, "repair", model, door)
            assert done.returncode == 0, done.stderr

    assert ask(ready["port"], "Tell me a story", damage_and_repair) == (whole, True)
    assert file.read_bytes() == good
    deadline = time.monotonic() + WAIT
    while engine_pid(other, model) == before:
        assert time.monotonic() < deadline, "the old engine stays"
        assert ask(ready["port"], "Hello")[1]
    assert ask(ready["port"], "Tell me a story") == (whole, True)


def engine_pid(other, model):
    return next(one["pid"] for one in status(other)["models"] if one["hash"] == model)


@pytest.mark.parametrize("how", ["sample", "full"])
def test_a_damaged_model_is_not_served_when_it_is_verified_first(other, door, served, how):  # noqa: F811
    model, file = served
    words = ("run", "--hash", model, "--port", "0", "--verify-on-load", how)
    assert other.run(*words).returncode == 0
    assert other.run("stop").returncode == 0
    spoil(file, 2 * MIB)
    refused = other.run(*words)
    assert refused.returncode == 4 and "leaves do not match" in refused.stderr and "eai model repair" in refused.stderr, refused.stderr
    assert run(other, "repair", model, door).returncode == 0
    assert other.run(*words).returncode == 0


def test_each_load_is_verified_and_the_others_are_served(other, door, served):  # noqa: F811
    """A model that rots while the server runs is refused at its next load, in words, and is served again once repaired."""
    model, file = served
    second = events(other.run("download", "eai-demo", "--offline", "--json"))[-1]["hash"]
    ready = events(other.run("run", "--hash", model, "--hash", second, "--port", "0", "--max-models", "1", "--verify-on-load", "full",
                             "--json"))[-1]

    def chat(hash):
        connection = http.client.HTTPConnection("127.0.0.1", ready["port"], timeout=WAIT)
        body = {"model": hash, "max_tokens": 4, "messages": [{"role": "user", "content": "Hello"}]}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    assert chat(model)[0] == 200
    assert chat(second)[0] == 200
    good = file.read_bytes()
    spoil(file, 2 * MIB)
    for _ in range(2):
        status_code, text = chat(model)
        assert status_code == 502 and "1 of its" in text and "leaves do not match" in text and "repair" in text, text
    assert chat(second)[0] == 200
    assert run(other, "repair", model, door).returncode == 0
    assert file.read_bytes() == good
    deadline = time.monotonic() + WAIT
    while chat(model)[0] != 200:
        assert time.monotonic() < deadline, chat(model)

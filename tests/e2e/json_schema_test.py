"""What every command prints with --json is as docs/json.schema.json says, and --json=… picks fields of it."""
import json
import os
import pathlib
import shutil
import signal
import subprocess

import jsonschema
import pytest
from conftest import WAIT
from gguf_maker import gguf
from preserve_world import weights

SCHEMA = json.loads((pathlib.Path(__file__).parents[2] / "docs/json.schema.json").read_text())
DEMO = "bafkreifz7q6ee5z7matbenlatw3ofwnuqqlmvibgyni6fw47e3jye5lmj4"
# What needs a network, a cluster, another machine or a broken disk; other tests see to it that these are printed.
NOT_SEEN_HERE = {"deals", "job-state"}


def validator(name):
    return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]})


def shapes_of(command):
    return [one["$ref"].removeprefix("#/$defs/") for one in SCHEMA["$defs"][command]["anyOf"]]


class Tried:
    """Runs commands, holds each line that they print against the schema, and keeps which shapes were seen."""

    def __init__(self, eai, folder):
        self.eai, self.folder, self.seen = eai, folder, {}

    def check(self, command, text):
        lines = [json.loads(line) for line in text.splitlines()]
        for line in lines:
            fitting = [shape for shape in shapes_of(command) if validator(shape).is_valid(line)]
            if not fitting:
                validator(command).validate(line)  # says what is wrong
            self.seen.setdefault(command, set()).update(fitting)
        return lines

    def __call__(self, command, *words, status=0, **more):
        typed = command.split("-")[1:]
        done = self.eai(*typed, *words, "--json", status=status, cwd=self.folder, **more)
        lines = self.check(command, done.stdout)
        assert lines, f"{command} {words} printed nothing"
        return lines

    def until_ctrl_c(self, command, *words):
        """The same with a command that runs until Ctrl-C, which comes after its first line."""
        process = self.eai.start(*command.split("-")[1:], *words, "--json", cwd=self.folder)
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=WAIT)
        assert json.loads(first)["event"] != "error", errors
        return self.check(command, first + rest)


@pytest.fixture(scope="module")
def tried(eai, tmp_path_factory):
    return Tried(eai, tmp_path_factory.mktemp("json"))


def spoil(tried):
    """Changes a byte of the demo model on the disk."""
    with open(tried.eai.stored("eai-demo") / "model.gguf", "r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last[0] ^ 1]))


def test_models_on_this_disk(tried):
    tried("eai-model-list", "--all")
    tried("eai-model-show", "eai-demo")
    tried("eai-model-download", "eai-demo", "--dry-run")
    tried("eai-model-download", "eai-demo")
    tried("eai-model-download", "nobody", status=3)
    tried("eai-model-alias", "eai-demo", "helper")
    tried("eai-model-alias")
    tried("eai-model-list", "--all")
    tried("eai-model-show", "helper")
    tried("eai-model-show", "eai-demo", "--template")
    tried("eai-model-check", "eai-demo")
    tried("eai-model-estimate", "eai-demo")
    tried("eai-model-estimate", tried.eai.stored("eai-demo") / "model.gguf")
    tried("eai-model-export", "eai-demo", "-o", tried.folder / "demo.car", status=9)
    spoil(tried)
    tried("eai-model-check", "eai-demo", status=4)
    tried("eai-model-list")
    tried("eai-model-repair", "eai-demo")
    tried("eai-model-remove", "helper")
    old = tried.folder / "llms-storage"
    old.mkdir()
    for ours, theirs in (("model.gguf", ".gguf"), ("projector.gguf", ".gguf-projector"), ("metadata.json", ".json")):
        shutil.copy(tried.eai.stored("eai-demo") / ours, old / (DEMO + theirs))
    tried("eai-model-adopt", old)
    tried("eai-model-remove", "eai-demo")
    tried("eai-model-adopt", old)
    tried("eai-model-remove", "eai-demo")


def test_models_that_are_made_here(tried):
    made = gguf([(f"blk.{i}.weight", weights(i, 900_000)) for i in range(4)], template="x")
    folder = tried.folder / "made"
    folder.mkdir()
    (folder / "made").write_bytes(made)
    home = f"car:{tried.folder}/made.car"
    tried("eai-model-preserve", folder, "--dry-run")
    tried("eai-model-preserve", folder, "--to", home, "--format", "unixfs")
    tried("eai-model-audit", "made", "--home", home)
    (tried.folder / "empty.car").write_bytes(b"")
    tried("eai-model-audit", "made", "--home", f"car:{tried.folder}/empty.car", status=4)
    tried.until_ctrl_c("eai-model-seed", "made", "--share-port", "0")
    tried("eai-model-export", "made", "-o", tried.folder / "out.car")
    tried("eai-model-import", tried.folder / "out.car")
    tried("eai-model-remove", "made")
    tried("eai-model-import", tried.folder / "out.car")
    tried("eai-model-remove", "made")
    (tried.folder / "other.gguf").write_bytes(gguf([("a", weights(9, 900_000))], template="y"))
    tried("eai-model-import", tried.folder / "other.gguf")
    tried("eai-model-remove", "other")


def test_what_is_looked_for_and_at(tried):
    tried("eai-search", "eai-demo")
    tried("eai-search", "nothing-like-it", status=3)
    process = tried.eai.start("doctor", "--offline", "--json")
    tried.check("eai-doctor", process.communicate(timeout=WAIT)[0])


def test_jobs(tried, stopped):
    tried("eai-model-download", "eai-demo")
    tried("eai-jobs", status=3)
    tried("eai-model-serve", "--port", "0")
    (begun,) = tried("eai-model-check", "eai-demo", "--background")
    tried("eai-jobs", "watch", begun["id"])
    tried("eai-jobs")
    tried("eai-jobs", "forget", begun["id"])
    (begun,) = tried("eai-model-download", "eai-demo-embed", "--background")
    tried("eai-jobs", "watch", begun["id"])
    spoil(tried)
    (begun,) = tried("eai-model-repair", "eai-demo", "--background")
    tried("eai-jobs", "watch", begun["id"])
    tried("eai-model-stop")
    tried("eai-model-remove", "eai-demo-embed")


def test_vectors_and_speed(tried, stopped):
    tried("eai-embed", "eai-demo-embed", "one", "two")
    tried("eai-embed", "eai-demo-embed", "--similar", "bread", "a loaf", "a stone")
    tried("eai-model-stop")
    tried("eai-bench", "eai-demo", "--rounds", "2", "--prompt-tokens", "64", "--tokens", "8")
    tried("eai-model-remove", "eai-demo-embed", "--force")


def test_settings(tried):
    tried("eai-config", "set", "server.patience", "11")
    tried("eai-config", "get", "server.patience")
    tried("eai-config", "list")
    tried("eai-config", "path")
    tried("eai-config", "edit", env={"EDITOR": "true"})
    tried("eai-config", "unset", "server.patience")
    tried("eai-config", "get", "server.patence", status=2)


def test_a_server_and_its_answers(tried, stopped):
    tried("eai-model-status", status=3)
    tried("eai-model-ps", status=3)
    tried("eai-model-stop", status=3)
    tried("eai-model-logs", "nobody", status=3)
    tried("eai-model-run", "eai-demo,eai-demo-image", "--port", "0")
    tried("eai-run", "eai-demo", "What is the capital of France?")
    tried("eai-model-status")
    tried("eai-model-ps")
    tried("eai-model-logs")
    tried("eai-image", "a red circle", "--size", "64x64", "--steps", "2")
    tried("eai-model-run", "eai-demo", status=7)
    tried("eai-model-stop", "eai-demo-image")
    tried("eai-model-stop")
    tried("eai-model-serve", "--port", "0")
    tried("eai-model-stop")


def test_a_worker(tried):
    tried.until_ctrl_c("eai-worker", "--port", "0")


def test_every_command_was_tried_and_every_shape_seen(tried):
    """Runs after all others; a new command or shape needs a line in one of them."""
    known = {name for name in SCHEMA["$defs"] if name.startswith("eai-")}
    assert tried.seen.keys() == known
    unseen = {shape for command in known for shape in shapes_of(command)} - set().union(*tried.seen.values()) - NOT_SEEN_HERE
    assert not unseen


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert not validator("eai-model-check").is_valid({"event": "checked", "hash": "x", "name": "y", "good": 1, "bytes": 0})
    assert not validator("eai-model-check").is_valid({"event": "checked", "new": 1})


def test_commands_with_json_are_in_the_schema(eai):
    """The program itself says which commands have --json."""
    def offered(*words):
        return eai("__complete", "fish", *words).stdout.splitlines()
    commands = [line.split("\t")[0] for line in offered("")[:-1]]
    commands = [[one] for one in commands if one != "model"] + [["model", line.split("\t")[0]] for line in offered("model", "")[:-1]]
    with_json = [words for words in commands if "--json=" in {line.split("\t")[0] for line in offered(*words, "--json")}]
    assert len(with_json) > 20
    for words in with_json:
        assert len(offered(*words, "--json=")) > 1, f"docs/json.schema.json has no fields for eai {' '.join(words)}"


def test_picked_fields(tried):
    eai = tried.eai
    eai("pull", "eai-demo,eai-demo-embed")
    listed = eai("ls", "--json=name,hash").stdout.splitlines()
    assert [json.loads(line) for line in listed] == [
        {"name": model["name"], "hash": model["hash"]} for model in eai.json("ls")["models"]]
    assert listed[0].startswith('{"name":'), "in the order that was asked for"
    everything = [json.loads(line)["name"] for line in eai("ls", "--all", "--json=name").stdout.splitlines()]
    assert sorted(everything) == sorted(set(everything)) and len(everything) == len(eai.json("ls", "--all")["catalog"])
    assert json.loads(eai("model", "check", "eai-demo", "--json=good").stdout) == {"good": True}
    assert eai("pull", "eai-demo", "--json=total,sources").stdout == "", "it was here, so nothing progressed"
    assert json.loads(eai("pull", "nobody", "--json=hash", status=3).stdout)["event"] == "error"
    eai("rm", "eai-demo-embed")


@pytest.mark.parametrize("fields,said", [
    ("", "--json= names no field; `eai model check` has event, hash, name, good, bytes, why"),
    ("naem", 'unknown field "naem"; did you mean name? `eai model check` has event, hash'),
    ("name,", None), ("true", 'unknown field "true"'), ("models", 'unknown field "models"')])
def test_wrong_fields_are_refused_before_anything_is_done(eai, fields, said):
    eai("pull", "eai-demo")
    done = eai("model", "check", f"--json={fields}", status=0 if said is None else 2)
    if said is None:
        assert {"name": "eai-demo"} in [json.loads(line) for line in done.stdout.splitlines()]
    else:
        assert said in done.stderr and json.loads(done.stdout)["code"] == "invalid"


def test_jq_reads_it(tried):
    done = subprocess.run(["sh", "-c", '"$0" ls --json=name,size | jq -r "[.name,.size]|@tsv"', tried.eai.program],
                          env=tried.eai.environment, capture_output=True, text=True, timeout=WAIT)
    name, size = done.stdout.splitlines()[0].split("\t")
    assert name == "eai-demo" and int(size) > 0

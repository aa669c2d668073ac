"""Machines on which the commands of README.md and docs/ are run as they are written there. Models of real size are played
by the demo models under their names."""
import base64
import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile

from conftest import EAI, WAIT
from documents import ROOT
from peers import Lighthouse

# What plays for the names that the pages use.
PLAYERS = {"qwen3-1.7b": "eai-demo", "qwen3-8b": "eai-demo", "gemma-3-4b": "eai-demo", "qwen3-embedding-0.6b": "eai-demo-embed",
           "flux-schnell": "eai-demo-image"}
# They work until they are told to stop, so they are left alone once they have said something.
UNTIL_CTRL_C = re.compile(r"eai (model )?(seed|worker|status (-w|--watch)|logs .*-f)\b|eai model logs -f|--foreground")


def unpack_car(car, folder):
    """Writes the blocks of a CAR, all of which are raw here, as files named by their CIDs."""
    data, at = car.read_bytes(), 0

    def section():
        nonlocal at
        length = shift = 0
        while True:
            byte, at = data[at], at + 1
            length, shift = length | (byte & 127) << shift, shift + 7
            if byte < 128:
                break
        at += length
        return data[at - length:at]
    section()  # the header
    while at < len(data):
        block = section()
        assert block[:4] == bytes.fromhex("01551220"), "parts of 1 MiB are raw blocks with a SHA-256"
        (folder / ("b" + base64.b32encode(block[:36]).decode().rstrip("=").lower())).write_bytes(block[36:])


class Players:
    """A folder of blocks with a small model for each name, and the catalog that says so. They are archives, as the models
    behind these names are."""

    def __init__(self, folder):
        self.folder, self.blocks, self.hashes, store = folder, folder / "blocks", {}, folder / "home"
        self.environment = {"HOME": str(folder), "EAI_HOME": str(store), "PATH": "/usr/bin:/bin", "EAI_OFFLINE": "true"}
        self.files = {}
        for model in sorted(set(PLAYERS.values())):
            self.eai("pull", model)
        for path in (store / "models").glob("*/metadata.json"):
            self.files[json.loads(path.read_text())["folder_name"]] = path.parent
        for name, model in PLAYERS.items():
            self.add(folder / "folders" / name, model)
        self.catalog = "".join(f'[models."{name}"]\nhash = "{found}"\ntask = "{self.task(PLAYERS[name])}"\n'
                               for name, found in self.hashes.items())

    def task(self, model):
        return json.loads((self.files[model] / "metadata.json").read_text())["task"]

    def eai(self, *words):
        done = subprocess.run([EAI, *map(str, words)], cwd=self.folder, env=self.environment, check=True, capture_output=True, text=True,
                              timeout=WAIT)
        return done.stdout

    def add(self, folder, model):
        folder.mkdir(parents=True)
        source, name = self.files[model], folder.name
        if (source / "payload").is_dir():
            for path in (source / "payload").iterdir():
                shutil.copy(path, folder / path.name.replace(model, name))
        else:
            shutil.copy(source / "model.gguf", folder / name)
            if (source / "projector.gguf").exists():
                shutil.copy(source / "projector.gguf", folder / f"{name}-projector")
        more = json.loads((source / "metadata.json").read_text()).get("config_name")
        done = self.eai("model", "preserve", folder, "--zip-chunk-size", 1, "--to", f"car:{folder}.car", "--task", self.task(model), "--ram", 1,
                        *(["--config-name", more] if more else []), "-q")
        self.hashes[name] = done.strip()
        unpack_car(folder.with_name(f"{name}.car"), self.blocks)


class Machine:
    """A home whose folders are where they are for people, and what people have in the folder in which they type."""

    def __init__(self, players, work, blocks=None, **environment):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="eai-"))  # short, for the sockets
        self.work, self.exports, self.running = work, [], []
        self.environment = {"PATH": f"{EAI.parent}:{pathlib.Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(self.home),
                            "LC_ALL": "C.UTF-8", **({"EAI_BLOCK_FOLDERS": str(blocks)} if blocks else {}), **environment}
        config = self.home / ".config/eai"
        config.mkdir(parents=True)
        (config / "catalog.toml").write_text(players.catalog)

    def run(self, command, statuses=(0,)):
        """Runs it, and says what is wrong if it does not end with one of these exit statuses."""
        if UNTIL_CTRL_C.match(command) and not command.endswith("&"):
            return self.begin(command)
        script = "\n".join(["set -euo pipefail", *self.exports, command])
        done = subprocess.run(["bash", "-c", script], cwd=self.work, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, errors="replace", timeout=WAIT, check=False)
        if re.match(r"export |\w+=\S*$", command):
            self.exports.append(command)
        return None if done.returncode in statuses else f"exit status {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"

    def begin(self, command):
        self.interrupt()  # an earlier one may hold the port
        process = subprocess.Popen(["bash", "-c", f"exec {command}"], cwd=self.work, env=self.environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.running.append(process)
        if not select.select([process.stdout], [], [], WAIT)[0]:
            return "it says nothing"
        told = os.read(process.stdout.fileno(), 1 << 16)
        if told and not told.startswith(b"eai: "):
            return None
        return f"{told.decode()}\nit has ended with exit status {process.wait(WAIT)}"

    def interrupt(self):
        for process in self.running:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=WAIT)
        self.running = []

    def stop(self):
        self.interrupt()
        subprocess.run([EAI, "stop", "-q"], env=self.environment, capture_output=True, timeout=WAIT, check=False)
        shutil.rmtree(self.home)


def fill(work, players):
    """What the pages take for granted in the current folder."""
    shutil.copy(ROOT / "demo/red-circle.png", work / "picture.png")
    shutil.copy(players.files["eai-demo"] / "model.gguf", work / "Qwen3-8B-Q8_0.gguf")
    (work / "questions.txt").write_text("How do I run a model?\nWhat is the capital of France?\nWhat is a hash?\n")
    (work / "stick").mkdir()
    subprocess.run("git init -q && git add questions.txt && git -c user.name=a -c user.email=a@b commit -qm a && echo >> questions.txt",
                   cwd=work, shell=True, check=True, env={"PATH": "/usr/bin:/bin", "HOME": str(work)})


class Place:
    """The machines that a page speaks of."""

    def __init__(self, players, work, **environment):
        work.mkdir()
        fill(work, players)
        self.here = Machine(players, work, players.blocks, **environment)
        self.there = Machine(players, work, **environment)
        self.says = {"/media/stick": str(work / "stick"), "192.168.1.7": "127.0.0.1", "<hash>": players.hashes["qwen3-1.7b"],
                     "LIGHTHOUSE_API_KEY=…": f"LIGHTHOUSE_API_KEY={Lighthouse.KEY}"}

    def machine(self, block):
        return self.there if "on the other machine" in block.heading.lower() else self.here

    def words(self, command):
        for old, new in self.says.items():
            command = command.replace(old, new)
        return command

    def stop(self):
        self.here.stop()
        self.there.stop()

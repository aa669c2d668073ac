"""The server under attack, with a home of its own; what its engines do, and how others fare beside the attackers."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

from shot import Shot, fault_in, fire

SOURCE = pathlib.Path(__file__).resolve().parents[2]
QUESTIONS = ["What is the capital of France?", "Say hello.", "What is 2 + 2?"]
MEMORY = 1.10  # of its estimate, that an engine may take
MORE = 1.0  # seconds that another client may wait longer than it does alone


class World:
    """`eai model run` with the demo models, and with an image model of random weights."""

    def __init__(self, build):
        self.program = pathlib.Path(build).resolve() / "bin" / "eai"
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="eai-"))  # short, because the path of a Unix socket is
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.home), "EAI_HOME": str(self.home / "eai"), "LC_ALL": "C.UTF-8",
                            "EAI_API_KEYS": "honest,attacker"}
        folder = self.home / "eai-attack-image"
        subprocess.run([sys.executable, SOURCE / "tools/make_test_flux", folder], check=True)
        self.eai("model", "preserve", folder, "--task", "image-generation", "--to", f"car:{folder}.car", "-q")
        image = next((self.home / "eai/models").iterdir()).name
        out = self.eai("model", "run", f"eai-demo,eai-demo-embed,{image}", "--port", "0", "--json")
        url = urllib.parse.urlsplit(json.loads(out.splitlines()[-1])["url"])
        self.address = (url.hostname, url.port)
        for shot in (chat("Hello."), embed(), Shot("", "/v1/images/generations", {"prompt": "x", "size": "64x64", "steps": 1})):
            answer = fire(shot, self.address, "honest")
            assert answer.status == 200, answer.body

    def eai(self, *words):
        done = subprocess.run([self.program, *map(str, words)], env=self.environment, cwd=self.home, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"eai {words}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def models(self):
        """What `eai model status` says of each model, by name; empty if the server does not say anything."""
        done = subprocess.run([self.program, "model", "status", "--json"], env=self.environment, capture_output=True, text=True, timeout=60)
        try:
            return {m["folder_name"]: m for m in json.loads(done.stdout).get("models", [])}
        except ValueError:
            return {}

    def end(self):
        subprocess.run([self.program, "model", "stop"], env=self.environment, capture_output=True, timeout=60)
        shutil.rmtree(self.home, ignore_errors=True)


def chat(question):
    return Shot("", "/v1/chat/completions", {"messages": [{"role": "user", "content": question}], "max_tokens": 16, "temperature": 0,
                                             "stream": True})


def embed():
    return Shot("", "/v1/embeddings", {"input": "A text."})


def resident(pid):
    """Peak and mapped bytes of a process that its own pages take, or 0."""
    try:
        lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    told = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines if line.startswith(("VmHWM", "RssFile"))}
    return max(0, told.get("VmHWM", 0) - told.get("RssFile", 0))


class Watch(threading.Thread):
    """Looks at the engines all the time; `lost` gets one entry for each that ended by itself."""

    def __init__(self, world, on_loss=lambda name: None, on_growth=lambda name: None):
        super().__init__(daemon=True)
        self.world, self.on_loss, self.on_growth = world, on_loss, on_growth
        self.pids, self.crashes, self.peaks, self.lost, self.silent = {}, {}, {}, [], 0
        self.ending = threading.Event()

    def run(self):
        while not self.ending.wait(0.2):
            self.look()

    def look(self):
        models = self.world.models()
        self.silent = 0 if models else self.silent + 1
        for name, model in models.items():
            crashes = model["crashes"]
            if crashes > self.crashes.get(name, 0):
                self.lost.append(f"{name}: {model['last_failure'] or 'ended'}")
                self.on_loss(name)
            self.crashes[name] = crashes
            before, estimated = self.peaks.get(name, (0, 0))
            peak, estimated = max(before, model["memory_peak"], resident(model.get("pid") or 0)), max(estimated, model["memory_estimated"])
            self.peaks[name] = (peak, estimated)
            if peak > estimated * MEMORY and peak > before * 1.05:
                self.on_growth(name)

    def stop(self):
        self.ending.set()
        self.join()
        self.look()


class Others(threading.Thread):
    """A client that asks properly, again and again, with a key of its own."""

    def __init__(self, world, number):
        super().__init__(daemon=True)
        self.world, self.number = world, number
        self.times, self.failures, self.ending = [], [], threading.Event()

    def run(self):
        turn = self.number
        while not self.ending.wait(0.05):
            turn += 1
            shot = embed() if turn % 4 == 0 else chat(QUESTIONS[turn % len(QUESTIONS)])
            answer = fire(shot, self.world.address, "honest")
            whole = answer.status == 200 and fault_in(answer) is None and (b"[DONE]" in answer.body or shot.path.endswith("embeddings"))
            if whole:
                self.times.append(answer.seconds)
            else:
                self.failures.append(f"{time.strftime('%H:%M:%S')} {shot.path}: {answer.status} after {answer.seconds:.1f} s {answer.body[-200:]!r}")

    def stop(self):
        self.ending.set()
        self.join()


def crowd(world, count, seconds, beside=None):
    """`count` other clients for so long, while `beside` runs; returns all their times and failures."""
    others = [Others(world, k) for k in range(count)]
    for other in others:
        other.start()
    if beside is None:
        threading.Event().wait(seconds)
    else:
        beside()
    for other in others:
        other.stop()
    return sorted(t for o in others for t in o.times), [f for o in others for f in o.failures]


def unshared():
    """Whether this process has a network of its own, in which nobody else can be hit."""
    return [name for name in os.listdir("/sys/class/net") if name != "lo"] == []

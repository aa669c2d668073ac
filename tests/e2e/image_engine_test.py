"""The image engine alone, over its private API, with a FLUX of random weights."""
import base64
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading

import pytest
from pictures import bomb, png, size_of

ENGINE = pathlib.Path(os.environ["EAI_BUILD"]) / "libexec" / "eai" / "eai-image-engine"
WAIT = 120  # seconds: far beyond what anything here takes; reached only when something hangs
SOURCE = pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="module")
def flux(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "flux"
    subprocess.run([sys.executable, SOURCE / "tools" / "make_test_flux", folder, "--dev"], check=True)
    return folder


# With one arena and large blocks given back at once, the memory of the process is what it holds, not what the allocator
# keeps from earlier: that moves by ten megabytes from job to job.
PLAIN_ALLOCATOR = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}


class Engine:
    def __init__(self, folder, flux, *options):
        self.socket = str(folder / "s")
        self.log = open(folder / "log", "w+")
        parts = ["--diffusion-model", flux / "flux", "--t5xxl", flux / "flux-t5xxl", "--tae", flux / "flux-tae"]
        self.process = subprocess.Popen(
            [ENGINE, "--socket", self.socket, *parts, "--size-multiple", "16", "--size", "64x64", "--steps", "4", "--threads", "1",
             "--supervised", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True,
            env={**os.environ, **PLAIN_ALLOCATOR})
        self.states = []
        for line in self.process.stdout:
            self.states.append(json.loads(line.removeprefix("cmd_child_to_router:state:")))
            if self.states[-1]["state"] == "ready":
                return
        raise AssertionError(pathlib.Path(self.log.name).read_text())

    def connect(self):
        connection = http.client.HTTPConnection("engine", timeout=WAIT)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(WAIT)
        connection.sock.connect(self.socket)
        return connection

    def begin(self, **fields):
        connection = self.connect()
        connection.request("POST", "/generate", json.dumps(fields))
        return connection.getresponse()

    def refusal(self, **fields):
        answer = self.begin(**fields)
        assert answer.status == 400, answer.read()
        return json.loads(answer.read())["error"]["param"]

    def events(self, answer):
        for line in answer:
            if line.startswith(b"data: "):
                yield json.loads(line[6:])

    def draw(self, **fields):
        answer = self.begin(**fields)
        assert answer.status == 200, answer.read()
        events = list(self.events(answer))
        assert events[-1]["event"] == "done", events[-1]
        return events

    def picture(self, **fields):
        return base64.b64decode(next(e["b64"] for e in self.draw(**fields) if e["event"] == "image"))

    def memory(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024

    def end(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


@pytest.fixture(scope="module")
def engine(flux, tmp_path_factory):
    engine = Engine(tmp_path_factory.mktemp("e"), flux)
    yield engine
    engine.end()


def test_the_same_seed_gives_the_same_picture_and_all_else_another(engine):
    one = engine.picture(prompt="a red circle", seed=7)
    assert one == engine.picture(prompt="a red circle", seed=7)
    others = [engine.picture(prompt="a red circle", seed=8), engine.picture(prompt="a blue square", seed=7),
              engine.picture(prompt="a red circle", seed=7, steps=5),
              engine.picture(prompt="a red circle", seed=7, guidance=1.0)]
    assert len({one, *others}) == 5


def test_sizes_counts_and_formats_are_as_asked(engine):
    events = engine.draw(prompt="x", n=3, width=96, height=48, seed=5)
    pictures = [e for e in events if e["event"] == "image"]
    assert [e["seed"] for e in pictures] == [5, 6, 7]
    assert all(size_of(base64.b64decode(e["b64"])) == ("png", 96, 48) for e in pictures)
    assert pictures[1]["b64"] == next(e["b64"] for e in engine.draw(prompt="x", width=96, height=48, seed=6)
                                      if e["event"] == "image"), "picture k of a row is the one of seed + k"
    for name in ("jpeg", "webp"):
        assert size_of(engine.picture(prompt="x", format=name, compression=70)) == (name, 64, 64)


def test_every_step_is_told_and_previews_come_on_the_way(engine):
    events = engine.draw(prompt="x", steps=6, previews=2)
    assert [e["step"] for e in events if e["event"] == "progress"] == [1, 2, 3, 4, 5, 6]
    previews = [e for e in events if e["event"] == "preview"]
    assert [p["index"] for p in previews] == [0, 1]
    assert all(size_of(base64.b64decode(p["b64"]))[0] == "png" for p in previews)
    kinds = [e["event"] for e in events]
    assert kinds[0] == "started" and kinds[-2:] == ["image", "done"]


def test_without_a_seed_pictures_differ_and_the_seed_is_told(engine):
    first, second = (engine.draw(prompt="x")[0] for _ in range(2))
    assert first["seed"] != second["seed"]


def test_the_prompt_is_text_and_is_not_in_the_file(engine):
    words = '<sd_cpp_extra_args>{"steps":1}</sd_cpp_extra_args><lora:x:1>'
    events = engine.draw(prompt=words, steps=3)
    assert sum(e["event"] == "progress" for e in events) == 3
    assert b"sd_cpp" not in engine.picture(prompt=words)
    assert "sd_cpp" not in pathlib.Path(engine.log.name).read_text()


def test_metadata_is_written_when_asked(flux, tmp_path):
    engine = Engine(tmp_path, flux, "--image-metadata")
    try:
        picture = engine.picture(prompt="a dög", seed=3)
        assert "a dög".encode() in picture and b"Seed: 3" in picture
        assert size_of(picture) == ("png", 64, 64)
    finally:
        engine.end()


def test_edits_start_from_the_picture_and_keep_what_the_mask_keeps(engine):
    image = base64.b64encode(png(64, 64)).decode()
    free = engine.picture(prompt="x", seed=1)
    edited = engine.picture(prompt="x", seed=1, image=image, strength=0.5)
    assert edited != free
    everything = base64.b64encode(png(64, 64, b"\0\0\0\0")).decode()
    nothing = base64.b64encode(png(64, 64, b"\0\0\0\xff")).decode()
    masks = [engine.picture(prompt="x", seed=1, image=image, mask=m, strength=1) for m in (everything, nothing)]
    assert masks[0] != masks[1]
    odd = base64.b64encode(png(100, 70)).decode()
    assert size_of(engine.picture(prompt="x", image=odd)) == ("png", 96, 64)


@pytest.mark.parametrize("fields, param", [
    ({}, "prompt"), ({"prompt": ""}, "prompt"), ({"prompt": "x" * (1 << 20)}, "prompt"), ({"prompt": 7}, "prompt"),
    ({"prompt": "x", "width": 513, "height": 7}, "size"), ({"prompt": "x", "width": 99984, "height": 64}, "size"),
    ({"prompt": "x", "width": 64}, "size"), ({"prompt": "x", "width": 0, "height": 0}, "width"),
    ({"prompt": "x", "n": 0}, "n"), ({"prompt": "x", "n": 100}, "n"), ({"prompt": "x", "steps": 0}, "steps"),
    ({"prompt": "x", "steps": 10000}, "steps"), ({"prompt": "x", "seed": -1}, "seed"),
    ({"prompt": "x", "format": "gif"}, "output_format"), ({"prompt": "x", "background": "transparent"}, "background"),
    ({"prompt": "x", "image": "aGVsbG8="}, "image"), ({"prompt": "x", "image": "no base64!"}, "image"),
    ({"prompt": "x", "mask": "aGVsbG8="}, "mask"),
    ({"prompt": "x", "image": base64.b64encode(bomb()).decode()}, "image"),
    ({"prompt": "x", "image": base64.b64encode(png(64, 64)[:-30]).decode()}, "image"),
    ({"prompt": "x", "image": base64.b64encode(png(64, 64)).decode(),
      "mask": base64.b64encode(png(32, 64)).decode()}, "mask"),
])
def test_bad_requests_are_refused_with_their_field(engine, fields, param):
    before = engine.memory()
    assert engine.refusal(**fields) == param
    assert engine.memory() < before + (64 << 20)


def test_a_client_that_goes_stops_its_drawing_within_a_step(engine):
    step = engine.draw(prompt="x", steps=2, width=512, height=512)[-1]["seconds"]
    gone = engine.begin(prompt="x", steps=200, width=512, height=512)
    for event in engine.events(gone):
        if event["event"] == "progress" and event["step"] == 2:
            break
    gone.close()
    # 198 steps are left: the next job's place in the queue shows whether they are drawn.
    after = engine.draw(prompt="after")
    assert after[-1]["seconds"] < 100 * step


def test_twenty_clients_at_once_half_of_them_leaving(engine):
    done, positions = [], []

    def client(k):
        answer = engine.begin(prompt=f"client {k}", seed=k)
        if k % 2:
            next(engine.events(answer))
            answer.close()
            return
        events = list(engine.events(answer))
        positions.extend(e["position"] for e in events if e["event"] == "queued")
        done.append((k, events[-1]["event"], next(e["b64"] for e in events if e["event"] == "image")))

    threads = [threading.Thread(target=client, args=(k,)) for k in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert sorted(k for k, *_ in done) == list(range(0, 20, 2))
    assert {kind for _, kind, _ in done} == {"done"}
    assert positions and min(positions) == 1
    alone = base64.b64encode(engine.picture(prompt="client 4", seed=4)).decode()
    assert next(b for k, _, b in done if k == 4) == alone, "a neighbour changed the picture"


def test_a_hundred_jobs_with_cancels_leak_nothing(engine):
    def fifty_jobs():
        for k in range(50):
            if k % 3:
                engine.draw(prompt="again", seed=k)
                continue
            answer = engine.begin(prompt="leaves", seed=k)
            for event in engine.events(answer):
                if event["event"] == "progress" and event["step"] == 1 + k % 4:
                    break
            answer.close()
        engine.draw(prompt="last")
        return engine.memory()

    # A job's tensors take megabytes: fifty that stayed would stand out from what the heap's holes cost.
    before = fifty_jobs()
    assert fifty_jobs() < before + (16 << 20)


def test_it_ends_at_once_when_told(flux, tmp_path):
    for how in ("term", "stdin", "word"):
        folder = tmp_path / how
        folder.mkdir()
        engine = Engine(folder, flux)
        answer = engine.begin(prompt="x", steps=200, width=512, height=512)
        next(engine.events(answer))
        if how == "term":
            engine.process.send_signal(signal.SIGTERM)
        elif how == "stdin":
            engine.process.stdin.close()
        else:
            engine.process.stdin.write("cmd_router_to_child:exit\n")
            engine.process.stdin.flush()
        assert engine.process.wait(5) == 0, how
        assert not os.path.exists(engine.socket)
        engine.log.close()


def test_a_model_that_cannot_be_loaded_is_said_so(tmp_path):
    broken = tmp_path / "broken"
    broken.write_bytes(b"GGUF" + b"\0" * 100)
    ended = subprocess.run([ENGINE, "--socket", tmp_path / "s", "--diffusion-model", broken], capture_output=True,
                           text=True, timeout=WAIT)
    assert ended.returncode == 1
    assert "cannot be loaded" in ended.stderr
    assert subprocess.run([ENGINE, "--no-such-option"], capture_output=True).returncode == 2

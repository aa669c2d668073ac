"""The image engine alone, over its private API, with a FLUX of random weights."""
import base64
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import threading

import pytest
from flux import make_flux
from pictures import bomb, png, size_of

ENGINE = pathlib.Path(os.environ["EAI_BUILD"]) / "libexec" / "eai" / "eai-image-engine"
WAIT = 120  # seconds: far more than anything here takes, so it is reached only when something hangs
SOURCE = pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="module")
def flux(tmp_path_factory):
    return make_flux(tmp_path_factory.mktemp("models") / "flux", "--dev")


def parts_of(transformer, t5, tae):
    return ["--diffusion-model", transformer, "--t5xxl", t5, "--tae", tae]


def parts_of_folder(folder):
    return parts_of(folder / "flux", folder / "flux-t5xxl", folder / "flux-tae")


# With a single arena, and large blocks that are given back at once, the memory of the process is what it holds rather
# than what the allocator keeps from earlier, which varies by ten megabytes from job to job.
PLAIN_ALLOCATOR = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}


class Engine:
    def __init__(self, folder, flux, *options):
        """`flux`: a folder in the layout `gguf`, or words that name the parts."""
        self.socket = str(folder / "s")
        self.log = open(folder / "log", "w+")
        parts = flux if isinstance(flux, list) else parts_of_folder(flux)
        self.process = subprocess.Popen(
            [ENGINE, "--socket", self.socket, *parts, "--size-multiple", "16", "--steps", "4", "--threads", "1",
             "--supervised", *([] if "--size" in options else ["--size", "64x64"]), *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True,
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

    def memory(self, which="VmRSS"):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(which + ":"):
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
    photo = base64.b64encode(png(4000, 3000)).decode()
    assert size_of(engine.picture(prompt="x", image=photo, width=64, height=48)) == ("png", 64, 48)


def drawn_by(folder, model, *options, **fields):
    """One picture, from an engine that is started for it alone."""
    folder.mkdir()
    engine = Engine(folder, model, *options)
    try:
        return engine.picture(**fields)
    finally:
        engine.end()


def test_diffusers_names_and_several_files_are_the_same_model(tmp_path):
    one = make_flux(tmp_path / "one", "--layout", "safetensors", "--dev")
    cut = make_flux(tmp_path / "cut", "--layout", "diffusers", "--dev")
    assert len(list((cut / "transformer").iterdir())) == 3, "two files and their index"
    layouts = [parts_of(one / "flux.safetensors", one / "t5xxl.safetensors", one / "tae.safetensors"),
               parts_of(cut / "transformer/diffusion_pytorch_model.safetensors.index.json",
                        cut / "text_encoder_2/model.safetensors", cut / "vae/diffusion_pytorch_model.safetensors")]
    adapter = make_flux(tmp_path / "lora", "--lora", "a-hash") / "adapter.safetensors"
    for n, options in enumerate(([], ["--mmap"], ["--type", "q8_0"], ["--lora", f"{adapter}:0.7"])):
        pictures = [drawn_by(tmp_path / f"{k}-{n}", layout, *options, prompt="a red circle", seed=7)
                    for k, layout in enumerate(layouts)]
        assert pictures[0] == pictures[1], options


def test_attention_of_the_text_encoder_may_be_wider_than_the_model(tmp_path):
    """XXL's heads together are as wide as its model, and so is the one head here; two are 128 wide in a model of 64. The
    second counts for nothing."""
    one, two = (make_flux(tmp_path / name / "flux", *words) for name, words in (("one", []), ("two", ["--idle-head"])))
    grown = (two / "flux-t5xxl").stat().st_size - (one / "flux-t5xxl").stat().st_size
    assert grown > 4 * 64 * 64
    pictures = [drawn_by(tmp_path / f"{n}", parts_of_folder(folder), prompt=prompt, seed=7)
                for n, (folder, prompt) in enumerate(((one, "a red circle"), (two, "a red circle"), (two, "a blue square")))]
    assert pictures[0] == pictures[1] != pictures[2]


def test_models_with_references_look_at_the_pictures(flux, tmp_path):
    engine = Engine(tmp_path, flux, "--edit", "reference")
    try:
        dark, light = (base64.b64encode(png(64, 64, colour)).decode() for colour in (b"\x20\x10\x30\xff", b"\xf0\xe0\xff\xff"))
        pictures = [engine.picture(prompt="x", seed=1), engine.picture(prompt="x", seed=1, image=dark),
                    engine.picture(prompt="x", seed=1, image=light), engine.picture(prompt="x", seed=1, image=[dark, light])]
        assert len(set(pictures)) == 4
        # What the mask keeps comes from the first picture, whatever is drawn elsewhere.
        nothing = base64.b64encode(png(64, 64, b"\0\0\0\xff")).decode()
        kept = [engine.picture(prompt="x", seed=seed, image=image, mask=nothing)
                for seed, image in ((1, dark), (2, dark), (1, light))]
        assert kept[0] == kept[1] and kept[0] != kept[2]
        everything = base64.b64encode(png(64, 64, b"\0\0\0\0")).decode()
        events = engine.draw(prompt="x", seed=1, image=dark, mask=everything)
        assert [e["step"] for e in events if e["event"] == "progress"] == [1, 2, 3, 4]
    finally:
        engine.end()


def test_leaving_while_an_adapter_is_read_ends_the_job_alone(flux, tmp_path):
    # The adapter has as many tensors as the picture has steps, and it is read before them: its progress looks like
    # drawing.
    adapter = make_flux(tmp_path / "lora", "--lora", "a-hash") / "adapter.safetensors"
    engine = Engine(tmp_path, flux, "--lora", adapter)
    try:
        expected = engine.picture(prompt="x", seed=1)
        for _ in range(20):
            answer = engine.begin(prompt="x", seed=1)
            next(engine.events(answer))
            answer.close()
        events = engine.draw(prompt="x", seed=1)
        assert [e["step"] for e in events if e["event"] == "progress"] == [1, 2, 3, 4]
        assert base64.b64decode(events[-2]["b64"]) == expected and engine.process.poll() is None
    finally:
        engine.end()


def test_a_picture_larger_than_the_models_own_size_takes_no_more_memory_to_decode(flux, tmp_path):
    def peak(own):
        (tmp_path / own).mkdir()
        engine = Engine(tmp_path / own, flux, "--size", own)
        try:
            engine.draw(prompt="x", steps=1, width=384, height=384)
            return engine.memory("VmHWM")
        finally:
            engine.end()

    assert peak("64x64") < peak("384x384") - (60 << 20)


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

    # A job's tensors take megabytes: if fifty jobs left theirs, they would stand out from what fragmentation costs.
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

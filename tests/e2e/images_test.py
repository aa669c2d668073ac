"""Pictures through the whole program: a FLUX with random weights is preserved, downloaded, served and drawn with."""
import base64
import http.client
import json
import statistics
import threading
import time
import urllib.error
import urllib.request

import openai
import pytest
from conftest import WAIT, javascript
from flux import engines, flux, make_flux, serve, server, source  # noqa: F401
from pictures import png, size_of

FLUX = ("--dev",)  # options of the model that the fixtures share


def draw(server, prompt="a red circle", **fields):
    extra = {k: fields.pop(k) for k in ("seed", "steps", "id", "negative_prompt", "guidance", "strength") if k in fields}
    return server.openai.images.generate(prompt=prompt, size=fields.pop("size", "64x64"), extra_body=extra, **fields)


def picture(server, *words, **fields):
    return base64.b64decode(draw(server, *words, **fields).data[0].b64_json)


class Stream:
    """A streamed request that reports every step and can be abandoned."""

    def __init__(self, server, **fields):
        host, port = server.url.removeprefix("http://").split(":")
        self.connection = http.client.HTTPConnection(host, int(port), timeout=WAIT)
        body = {"prompt": "x", "size": "64x64", "stream": True, "progress": True, **fields}
        self.connection.request("POST", "/v1/images/generations", json.dumps(body))
        self.answer = self.connection.getresponse()

    def __iter__(self):
        for line in self.answer:
            if line.startswith(b"data: "):
                yield json.loads(line[6:])

    def until(self, kind):
        for event in self:
            if event.get("type", "").endswith(kind):
                return event
        raise AssertionError(f"the stream ended without {kind}")

    def leave(self):
        self.answer.close()
        self.connection.close()


def progress(server, job):
    with urllib.request.urlopen(f"{server.url}/v1/images/progress/{job}") as answer:
        return json.load(answer)


def when(server, job, **fields):
    """The progress of a job, once the server knows the job and these fields have these values."""
    end, told = time.monotonic() + WAIT, {}
    while not fields.items() <= told.items():
        assert time.monotonic() < end, told
        try:
            told = progress(server, job)
        except urllib.error.HTTPError as unknown:
            assert unknown.code == 404
    return told


def test_the_model_is_what_its_files_are(eai, server, flux):
    model = server.models()["flux"]
    assert model.id == flux and model.task == "image-generation"
    assert "fits as it is" in engines(eai)["flux"]["memory_note"]


def test_the_same_seed_gives_the_same_picture_and_all_else_another(server):
    one = picture(server, seed=7)
    assert size_of(one) == ("png", 64, 64) and one == picture(server, seed=7)
    others = [picture(server, seed=8), picture(server, "a blue square", seed=7), picture(server, seed=7, steps=9)]
    assert len({one, *others}) == 4


def test_counts_sizes_and_seeds_are_as_asked_and_told(server):
    answer = draw(server, n=3, size="96x48", seed=5)
    assert [image.seed for image in answer.data] == [5, 6, 7]
    assert all(size_of(base64.b64decode(image.b64_json)) == ("png", 96, 48) for image in answer.data)
    assert base64.b64decode(answer.data[2].b64_json) == picture(server, size="96x48", seed=7)
    free = draw(server)
    assert picture(server, seed=free.data[0].seed) == base64.b64decode(free.data[0].b64_json)


@pytest.mark.parametrize("name", ["jpeg", "webp"])
def test_formats(server, name):
    assert size_of(picture(server, output_format=name, output_compression=60)) == (name, 64, 64)


def test_pictures_by_address(server):
    answer = draw(server, seed=7, response_format="url")
    with urllib.request.urlopen(answer.data[0].url) as file:
        assert file.headers["content-type"] == "image/png" and file.read() == picture(server, seed=7)


def test_a_stream_through_the_python_client(server):
    events = list(draw(server, seed=7, stream=True, partial_images=2))
    assert [event.type for event in events] == ["image_generation.partial_image"] * 2 + ["image_generation.completed"]
    assert [event.partial_image_index for event in events[:2]] == [0, 1]
    assert all(size_of(base64.b64decode(event.b64_json))[0] == "png" for event in events)
    assert base64.b64decode(events[-1].b64_json) == picture(server, seed=7)


def test_the_javascript_client(server):
    saw = javascript("images_client.cjs", server.url)
    partial, completed = "image_generation.partial_image", "image_generation.completed"
    assert saw["pictures"] == 2 and saw["same"] and saw["types"] == [partial, partial, completed]
    assert saw["edited"] > 1000 and saw["type"] == "image/png" and saw["fetched"]
    assert saw["refused"] == {"status": 400, "param": "size"}


def test_edits_begin_with_the_picture_and_keep_what_the_mask_keeps(server):
    def edit(**fields):
        answer = server.openai.images.edit(image=("a.png", png(64, 64)), prompt="b", extra_body={"seed": 1, "strength": 0.9},
                                           **fields)
        return base64.b64decode(answer.data[0].b64_json)

    everything, nothing = png(64, 64, b"\0\0\0\0"), png(64, 64, b"\0\0\0\xff")
    pictures = [edit(), edit(mask=("m.png", nothing)), edit(mask=("m.png", everything)), picture(server, "b", seed=1)]
    assert all(size_of(one) == ("png", 64, 64) for one in pictures)
    assert len({pictures[0], pictures[1], pictures[3]}) == 3
    events = list(server.openai.images.edit(image=("a.png", png(64, 64)), prompt="b", stream=True, partial_images=1))
    assert [event.type for event in events] == ["image_edit.partial_image", "image_edit.completed"]


@pytest.mark.filterwarnings("ignore:deprecated")
def test_variations_need_no_words(server):
    answer = server.openai.images.create_variation(image=("a.png", png(64, 64)), n=2)
    assert len({image.b64_json for image in answer.data}) == 2


def test_progress_queue_and_leaving_within_a_step(server):
    first = Stream(server, id="first", size="256x256", steps=200)
    steps = []
    for event in first:
        if event["type"].endswith(".progress"):
            steps.append(time.monotonic())
            if event["step"] == 6:
                break
    drawing = progress(server, "first")
    assert drawing["status"] == "drawing" and drawing["step"] >= 6 and drawing["total"] == 200
    assert drawing["seconds_left"] > 0
    others = {}

    def second():
        others["done"] = draw(server, seed=7, id="second")

    thread = threading.Thread(target=second)
    thread.start()
    assert when(server, "second", position=1)["status"] == "queued"
    third = Stream(server, id="third")
    assert third.until(".queued")["position"] == 2
    first.leave()
    left = time.monotonic()
    # The engine says that the next job has begun after the running step, and not after the 190 others.
    assert third.until(".queued")["position"] == 1
    a_step = max(b - a for a, b in zip(steps[1:], steps[2:]))
    assert time.monotonic() - left < 3 * a_step + 0.5, f"a step takes {statistics.median(steps):.3f} s"
    third.until(".completed")
    thread.join(WAIT)
    assert base64.b64decode(others["done"].data[0].b64_json) == picture(server, seed=7)
    assert progress(server, "first")["status"] == "cancelled" and progress(server, "second")["status"] == "done"
    with pytest.raises(urllib.error.HTTPError) as unknown:
        progress(server, "nobody")
    assert unknown.value.code == 404


def test_a_waiting_client_that_leaves_gives_up_its_place(server):
    first = Stream(server, size="256x256", steps=200)
    first.until(".progress")
    waiting = Stream(server, id="waiting")
    waiting.until(".queued")
    last = Stream(server)
    assert last.until(".queued")["position"] == 2
    waiting.leave()
    assert last.until(".queued")["position"] == 1
    first.leave()
    last.until(".completed")
    assert when(server, "waiting", status="cancelled")


def test_the_prompt_is_text_and_stays_out_of_the_file(server):
    words = '<sd_cpp_extra_args>{"steps":1}</sd_cpp_extra_args> <lora:x:1>'
    events = [event for event in Stream(server, prompt=words, steps=3) if event["type"].endswith(".progress")]
    assert [event["step"] for event in events] == [1, 2, 3]
    assert b"sd_cpp" not in picture(server, words)


def test_a_model_for_words_is_refused_and_an_unknown_name_falls_back(eai, server, source, flux):
    both = serve(eai, f"{flux},eai-demo", *source.sources(), env={"EAI_IMAGE_METADATA": "1"})
    chat = both.hash_of("eai-demo")
    with pytest.raises(openai.BadRequestError) as refused:
        draw(both, model=chat)
    assert "task" in refused.value.message
    raw = both.openai.images.with_raw_response.generate(prompt="x", size="64x64", model="dall-e-3")
    assert raw.headers["x-eai-model"] == flux and "dall-e-3" in raw.headers["x-eai-fallback"]
    assert "Paris" in both.ask("What is the capital of France?")
    # With --image-metadata, the file contains the words and the seed.
    told = picture(both, "a dög", seed=3)
    assert "a dög".encode() in told and b"Seed: 3" in told
    only_words = serve(eai, "eai-demo")
    with pytest.raises(openai.BadRequestError) as none:
        draw(only_words)
    assert "no served model" in none.value.message


def test_the_layout_of_diffusers_draws_the_same(eai, source):
    """As the makers of FLUX.1 and the original tool store it: in folders, as several files, under other names, with q,
    k and v apart."""
    models = [source.preserve(make_flux(source.folder / f"as-{layout}", "--layout", layout, "--dev"))
              for layout in ("safetensors", "diffusers")]
    both = serve(eai, "--hash", ",".join(models), *source.sources())
    one, other = (picture(both, seed=7, model=model) for model in models)
    assert one == other


def test_a_model_for_edits_looks_at_several_pictures(eai, source):
    kontext = source.preserve(make_flux(source.folder / "kontext", "--dev", "--seed", "5"), "--config-name", "flux-kontext-dev")
    editor = serve(eai, "--hash", kontext, *source.sources())
    pictures = [("a.png", png(64, 64)), ("b.png", png(32, 64, b"\x10\x80\x10\xff"))]
    edited = [editor.openai.images.edit(image=image, prompt="b", size="64x64", extra_body={"seed": 1, "steps": 2})
              for image in (pictures[0], pictures[1], pictures)]
    assert len({answer.data[0].b64_json for answer in edited}) == 3

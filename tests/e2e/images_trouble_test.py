"""What goes wrong with pictures: bad requests, models that lie, engines that die, too little memory, clients that
leave."""
import base64
import json
import os
import resource
import signal
import threading
import urllib.error
import urllib.request

import openai
import pytest
from conftest import WAIT, processes_below
from flux import engines, flux, make_flux, serve, server, source  # noqa: F401
from images_test import Stream, draw, picture
from pictures import bomb, png


def engine_of(server):
    return next(pid for pid, name in processes_below(server.pid).items() if name.startswith("eai-image"))


def refusal(server, **fields):
    """The status and the field that a refused request gets back."""
    request = urllib.request.Request(f"{server.url}/v1/images/generations", json.dumps(fields).encode(),
                                     {"Content-Type": "application/json"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=WAIT)
    error = json.load(refused.value)["error"]
    assert error["type"] == "invalid_request_error" and error["message"]
    return refused.value.code, error["param"]


@pytest.mark.parametrize("fields, param", [
    ({}, "prompt"), ({"prompt": ""}, "prompt"), ({"prompt": "x" * (1 << 20)}, "prompt"), ({"prompt": 7}, "prompt"),
    ({"prompt": "x\0"}, "prompt"),
    ({"size": "99999x64"}, "size"), ({"size": "0x0"}, "size"), ({"size": "513x7"}, "size"), ({"size": "big"}, "size"),
    ({"size": "64"}, "size"), ({"size": "-64x64"}, "size"), ({"size": "16384x16384"}, "size"), ({"size": 64}, "size"),
    ({"n": 0}, "n"), ({"n": 100}, "n"), ({"n": 1.5}, "n"), ({"n": "many"}, "n"),
    ({"steps": 0}, "steps"), ({"steps": 10000}, "steps"), ({"seed": -1}, "seed"), ({"seed": 1 << 60}, "seed"),
    ({"output_format": "gif"}, "output_format"), ({"response_format": "fax"}, "response_format"),
    ({"background": "transparent"}, "background"), ({"guidance": -1}, "guidance"), ({"partial_images": 9}, "partial_images"),
    ({"stream": "perhaps"}, "stream"), ({"id": "../x"}, "id"), ({"quality": "best"}, "quality"),
])
def test_bad_wishes_name_their_field(server, fields, param):
    wish = fields if "prompt" in fields or not fields else {"prompt": "x", **fields}
    assert refusal(server, **wish) == (400, param)


@pytest.mark.parametrize("files, param", [
    ({"image": b"hello"}, "image"), ({"image": bomb()}, "image"), ({"image": png(64, 64)[:-30]}, "image"),
    ({"image": png(64, 64), "mask": png(32, 64)}, "mask"), ({"image": png(64, 64), "mask": b"hello"}, "mask"),
    ({"image": b""}, "image"),
])
def test_bad_pictures_name_their_field(server, files, param):
    memory = engines(server.eai)["flux"]["memory_now"]
    with pytest.raises(openai.BadRequestError) as refused:
        server.openai.images.edit(prompt="x", **{name: (f"{name}.png", data) for name, data in files.items()})
    assert refused.value.param == param
    assert engines(server.eai)["flux"]["memory_now"] < memory + (64 << 20)


def test_forms_that_are_none(server):
    for kind, body in (("multipart/form-data; boundary=x", b"--x\r\nnothing"), ("multipart/form-data", b"--x--\r\n"),
                       ("application/json", b"{}"), ("multipart/form-data; boundary=x", b"--x--\r\n")):
        request = urllib.request.Request(f"{server.url}/v1/images/edits", body, {"Content-Type": kind})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=WAIT)
        assert refused.value.code == 400


def test_words_for_a_model_that_draws(server):
    with pytest.raises(openai.BadRequestError):
        server.ask("Hello?")


def test_an_engine_killed_at_a_step_is_told_and_started_again(server):
    before = engines(server.eai)["flux"]
    stream = Stream(server, size="256x256", steps=200)
    for event in stream:
        if event["type"].endswith(".progress") and event["step"] == 3:
            break
    os.kill(engine_of(server), signal.SIGKILL)
    last = list(stream)[-1]
    assert "ended in the middle" in last["error"]["message"] and "of 200" in last["error"]["message"]
    whole = threading.Thread(target=lambda: seen.append(attempt(server)))
    seen = []
    whole.start()
    whole.join(WAIT)
    assert seen == ["drawn"]
    after = engines(server.eai)["flux"]
    assert after["crashes"] == before["crashes"] + 1 and after["pid"] != before["pid"]


def attempt(server, **fields):
    try:
        draw(server, **fields)
        return "drawn"
    except openai.InternalServerError as error:
        return error.body["type"]


def test_memory_that_ends_in_the_middle(server):
    expected = picture(server, seed=7)
    engine = engine_of(server)
    with open(f"/proc/{engine}/statm") as statm:
        mapped = int(statm.read().split()[0]) * resource.getpagesize()
    resource.prlimit(engine, resource.RLIMIT_AS, (mapped + (4 << 20), resource.RLIM_INFINITY))
    assert attempt(server, size="1024x1024", steps=1) == "server_error"
    if engine_of(server) == engine:
        resource.prlimit(engine, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert picture(server, seed=7) == expected


def test_twenty_clients_at_once_half_of_them_leaving(server):
    alone = picture(server, "client 4", seed=4)
    drawn, troubles = {}, []

    def client(k):
        try:
            stream = Stream(server, prompt=f"client {k}", seed=k)
            if k % 2:
                next(iter(stream))
                stream.leave()
                return
            drawn[k] = base64.b64decode(stream.until(".completed")["b64_json"])
        except Exception as trouble:
            troubles.append((k, trouble))

    threads = [threading.Thread(target=client, args=(k,)) for k in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert not troubles and sorted(drawn) == list(range(0, 20, 2))
    assert drawn[4] == alone, "a neighbour changed the picture"
    assert engines(server.eai)["flux"]["leases"] == 0


def test_models_that_lie_or_lack_a_part_are_named(eai, source, flux, server):
    lying = make_flux(source.folder / "lying", "--layout", "safetensors")
    whole = (lying / "flux.safetensors").read_bytes()
    (lying / "flux.safetensors").write_bytes((1 << 40).to_bytes(8, "little") + whole[8:])
    cut = make_flux(source.folder / "cut", "--layout", "safetensors")
    (cut / "flux.safetensors").write_bytes(whole[:-1000])
    lacking = make_flux(source.folder / "lacking", "--layout", "diffusers", "--without", "t5")
    for folder, said in ((lying, "flux.safetensors"), (cut, "flux.safetensors"), (lacking, "T5")):
        model = source.preserve(folder)
        refused = eai("model", "run", "--hash", model, "--port", "0", "--force", *source.sources(), status=2)
        assert said in refused.stderr, refused.stderr


def test_a_small_budget_is_met_and_explained(eai, source, flux, server):
    def told(limit):
        return eai.json("model", "estimate", flux, "--memory-limit", str(limit))

    assert "as it is" in told(10**10)["note"]
    tiled = told(300 * 10**6)
    assert tiled["fits"] and "in tiles" in tiled["note"] and "300 MB" in tiled["note"]
    limit = tiled["total"] - 100_000
    small = serve(eai, "--hash", flux, "--memory-limit", str(limit))
    note = engines(eai)["flux"]["memory_note"]
    assert "brought to q8_0" in note and "flash attention" in note
    assert note in eai("model", "status").stdout
    assert picture(small, seed=7) != b""
    refused = eai("model", "run", "--hash", flux, "--memory-limit", "20MB", "--port", "0", "--force", status=9)
    assert "in tiles" in refused.stderr


def test_what_a_gpu_cannot_hold_at_once_stays_in_ram(eai, source, flux, server, tmp_path):
    """A GPU that does not exist: a program lists one, as llama-server would."""
    def told(mib):
        program = tmp_path / "llama-server"
        program.write_text(f"#!/bin/sh\necho 'Available devices:'\necho '  CUDA0: A GPU ({mib} MiB, {mib} MiB free)'\n")
        program.chmod(0o755)
        return eai.json("model", "estimate", flux, env={"EAI_LLAMA_SERVER": str(program)})

    assert "as it is" in told(80_000)["note"]
    tiled = told(900)
    assert "in tiles" in tiled["note"] and "stay in RAM" not in tiled["note"]
    # Half of so small a GPU is left for everything else. The size is a little less than all parts take together, and
    # more than the largest takes.
    kept = told(2 * (tiled["total"] - 1_500_000) // (1 << 20))
    assert "stay in RAM" in kept["note"] and "brought to" not in kept["note"] and kept["fits"]
    assert kept["total"] < tiled["total"]

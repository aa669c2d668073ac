"""What `llama-server` takes of memory, and when, which our patches (llama_engine/) decide; nothing stands in front of it."""
import random
import re
import struct

import pytest
from engine_bounds_test import LlamaServer
from gguf_maker import KINDS, write_shape

CONTEXT = 32768
MIB = 1 << 20


def anonymous(engine):
    """MiB."""
    with open(f"/proc/{engine.process.pid}/status") as status:
        return int(re.search(r"RssAnon:\s+(\d+)", status.read()).group(1)) / 1024


def noise(kind):
    """Writes weights of a kind that keep all numbers finite."""
    _, numbers, block = KINDS[kind]
    picks = random.Random(kind)

    def write(file, size):
        data = bytearray(struct.pack("<f", 1.0) * (size // 4) if numbers == 1 else picks.randbytes(size))
        if numbers > 1:
            low, high = struct.pack("<e", 0.004)
            data[0::block], data[1::block] = bytes([low]) * (size // block), bytes([high]) * (size // block)
        file.write(data)

    return write


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """A model whose tokens take 32 KiB each of a key-value cache."""
    path = tmp_path_factory.mktemp("wide") / "wide.gguf"
    write_shape(path, blocks=8, width=256, feed=256, heads=8, kv_heads=8, head=128, vocabulary=256, kind="q8_0", weights=noise)
    return path


def prompt(count, seed):
    return [1] + [3 + (i * (seed + 3)) % 200 for i in range(count - 1)]


def test_a_context_takes_memory_only_for_what_is_in_it(wide, tmp_path):
    engine = LlamaServer(tmp_path, "-m", wide, "-c", CONTEXT, "--kv-unified", "--cache-ram", "0", "--no-cache-idle-slots",
                         "--slot-save-path", tmp_path, "--fit", "off")
    empty = anonymous(engine)
    assert empty < 64, "1024 MiB are for the context"
    for slot in range(2):
        status, answer = engine.ask(prompt=prompt(3000, slot), id_slot=slot, max_tokens=1)
        assert status == 200, answer
    full = anonymous(engine)
    assert full > empty + 180, "6000 tokens of 32 KiB"
    status, first = engine.ask(prompt=prompt(3000, 0), id_slot=0, max_tokens=8)
    for slot in range(2):
        assert engine.request("POST", f"/slots/{slot}?action=erase", {})[0] == 200
    assert anonymous(engine) < empty + (full - empty) / 4, "an erased conversation leaves nothing"
    status, again = engine.ask(prompt=prompt(3000, 0), id_slot=0, max_tokens=8)
    assert again["choices"][0]["text"] == first["choices"][0]["text"], "and what is given back reads as zeros"
    engine.end()


def test_weights_are_repacked_when_it_is_worth_it(tmp_path):
    path = tmp_path / "weights.gguf"
    write_shape(path, blocks=8, width=1024, feed=4096, heads=8, kv_heads=8, head=128, vocabulary=256, trained=4096, kind="q4_0",
                weights=noise)
    weights = path.stat().st_size / MIB
    seen = {}
    for name, options in {"later": [], "while loading": ["--repack"], "never": ["--no-repack"]}.items():
        folder = tmp_path / name.replace(" ", "-")
        folder.mkdir()
        engine = LlamaServer(folder, "-m", path, "-c", 1024, "--fit", "off", "--no-warmup", *options,
                             environment={"LLAMA_REPACK_AFTER_MS": "100"})
        started = anonymous(engine)
        texts = [engine.ask(prompt=prompt(50, 1), max_tokens=64, ignore_eos=True, cache_prompt=False)[1]["choices"][0]["text"]
                 for _ in range(6)]
        seen[name] = (started, anonymous(engine), texts)
        engine.end()
    assert seen["later"][0] < seen["while loading"][0] - weights / 2, "nothing is copied while it is loaded"
    assert seen["never"][1] < seen["while loading"][1] - weights / 2
    assert seen["later"][1] > seen["never"][1] + weights / 2, "but when it has computed for a while"
    assert seen["later"][2][-1] == seen["while loading"][2][-1], "and then both compute the same"

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

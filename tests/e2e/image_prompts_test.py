"""Prompts that are as long and as odd as they may be: each is drawn in the time that its picture takes, and none ends
the engine."""
import random
import time

import pytest
from flux import make_flux
from image_engine_test import Engine, parts_of_folder

LIMIT = 32000  # bytes
PREPARATION = 1  # seconds that a prompt may add, where the encoder itself takes next to none
RANDOM = random.Random(13)


def full(piece):
    return (piece * LIMIT)[:LIMIT // len(piece.encode()) * len(piece)]


def characters(count):
    return "".join(chr(RANDOM.choice([RANDOM.randrange(1, 0xD800), RANDOM.randrange(0xE000, 0x110000)])) for _ in range(count))


PROMPTS = {
    "one word": full("x"), "spaces": full(" "), "words": full("x "), "round brackets": full("("), "square brackets": full("["),
    "nested": "(" * 8000 + "a" + ")" * 8000, "weights": full("(a:1.1)"), "nested weights": full("((((a:1.1)))"), "colons": full(":"),
    "back strokes": full("\\"), "breaks": full("BREAK "), "the letter B": full("B"), "digits": full("1"), "apostrophes": full("'s"),
    "emoji": full("😀"), "accents": full("\u0301"), "wide spaces": full("\u3000"), "lines": full("\n"), "control": full("\x01"),
    "tokens": full("<s>"), "closing": full("</s>"), "not a weight": "(a:...)", "a long weight": "(a:" + "9" * 400 + ")",
    "a negative weight": "(a:-1.5)", "random letters": "".join(RANDOM.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(LIMIT)),
    "random characters": characters(7000),
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    # With --cfg-scale 2 the negative prompt is encoded too.
    flux = make_flux(tmp_path_factory.mktemp("models") / "flux", "--dev")
    engine = Engine(tmp_path_factory.mktemp("e"), parts_of_folder(flux), "--cfg-scale", "2")
    yield engine
    engine.end()


def seconds(engine, **fields):
    begin = time.monotonic()
    engine.draw(steps=1, **fields)
    return time.monotonic() - begin


@pytest.mark.parametrize("name", PROMPTS)
def test_is_drawn(engine, name):
    longest = full("a short one ")  # encodes as many tokens as there may be
    plain = seconds(engine, prompt=longest, negative_prompt=longest)
    assert seconds(engine, prompt=PROMPTS[name], negative_prompt=PROMPTS[name]) < plain * 2 + PREPARATION
    assert engine.process.poll() is None


def test_what_is_beyond_the_limits_has_no_effect(engine):
    long = full("a red circle ")
    assert engine.picture(prompt=long, seed=7) == engine.picture(prompt=long[:20000], seed=7)
    assert engine.picture(prompt=long, seed=7) != engine.picture(prompt=long[:100], seed=7)


def test_a_client_that_leaves_while_its_prompt_is_read_is_followed_by_the_next(engine):
    long = full("word ")
    for _ in range(5):
        engine.begin(prompt=long, negative_prompt=long, n=10, steps=1).close()
    expected = engine.picture(prompt="x", seed=3)
    assert expected == engine.picture(prompt="x", seed=3)

"""The model that draws and is shipped with the program: whether its pictures show what the words say, pixel by pixel."""
import base64
import functools
import itertools
import math
import zlib

import pytest
from pictures import pixels, png, size_of
from shapes import COLOURS, SHAPES

SIDE = 128
RADIUS = 0.34 * SIDE  # of the shape in the picture that a sentence stands for
OVERLAP = 0.85   # of the shape's pixels with the ideal shape's: both, divided by either
DISTANCE = 16.0  # between the mean colour of a part and what its name means, in RGB; the nearest two names are 76 apart


def sentences():
    """32 of the 224: each colour in each shape, on each of the other colours four or five times."""
    for k, (colour, shape) in enumerate(itertools.product(COLOURS, SHAPES)):
        others = [name for name in COLOURS if name != colour]
        yield colour, shape, others[(k + k // 7) % 7]


def words(colour, shape, background):
    return f"a {colour} {shape} on a {background} background"


@pytest.fixture(scope="module")
def server(eai):
    return eai.run("eai-demo-image")


def draw(server, prompt, seed, n=1, **more):
    """The files of n pictures, whose size and number of steps are the model's own."""
    answer = server.openai.images.generate(prompt=prompt, n=n, extra_body={"seed": seed}, **more)
    return [base64.b64decode(image.b64_json) for image in answer.data]


@functools.cache
def ideal(shape):
    """Whether each pixel belongs to the shape, row by row."""
    inside, middle = SHAPES[shape], (SIDE - 1) / 2
    return [[bool(inside((x - middle) / RADIUS, (y - middle) / RADIUS)) for x in range(SIDE)] for y in range(SIDE)]


def mean(colours):
    return [sum(channel) / len(colours) for channel in zip(*colours)]


def part(rows, belongs):
    return [pixel for row, marks in zip(rows, belongs) for pixel, mark in zip(row, marks) if mark]


def faults(file, colour, shape, background):
    """What is wrong with the picture, in words."""
    rows, wanted = pixels(file), ideal(shape)
    front, back = COLOURS[colour], COLOURS[background]
    pairs = [(math.dist(pixel, front) < math.dist(pixel, back), mark)
             for row, marks in zip(rows, wanted) for pixel, mark in zip(row, marks)]
    both, either = sum(map(all, pairs)), sum(map(any, pairs))
    inside = math.dist(mean(part(rows, wanted)), front)
    outside = math.dist(mean(part(rows, [[not mark for mark in row] for row in wanted])), back)
    found = [] if both >= OVERLAP * either else [f"overlap {both / either:.3f}"]
    return found + [f"{name} is {far:.0f} away" for name, far in ((colour, inside), (background, outside)) if far > DISTANCE]


def test_every_sentence_is_drawn_with_every_seed(server):
    wrong = {}
    for n, sentence in enumerate(sentences()):
        files = draw(server, words(*sentence), seed=10 * n, n=3)
        assert len(set(files)) == 3, "another seed, another picture"
        for seed, file in enumerate(files, 10 * n):
            if told := faults(file, *sentence):
                wrong[sentence, seed] = told
    assert not wrong


def test_a_picture_of_something_else_has_faults(server):
    """So that the measure above is one."""
    file, = draw(server, words("red", "circle", "white"), seed=1)
    assert not faults(file, "red", "circle", "white")
    for other in ("red cross white", "orange circle white", "red circle yellow", "white circle red"):
        assert faults(file, *other.split()), other


def test_the_same_seed_draws_the_same_file(server):
    asked = words("green", "triangle", "black")
    first, second, other = (draw(server, asked, seed)[0] for seed in (7, 7, 8))
    assert first == second != other
    assert size_of(first) == ("png", SIDE, SIDE)


def test_an_edit_keeps_what_the_mask_keeps(server):
    before, = draw(server, words("red", "square", "white"), seed=3)
    half = SIDE // 2
    # The mask's transparent half, the right one, is drawn.
    row = b"\0" + b"\0\0\0\xff" * half + b"\0\0\0\0" * half
    mask = png(SIDE, SIDE, b"\0\0\0\0", body=zlib.compress(row * SIDE))
    answer = server.openai.images.edit(image=("before.png", before), mask=("mask.png", mask),
                                       prompt=words("blue", "square", "yellow"), extra_body={"seed": 4})
    old, new = pixels(before), pixels(base64.b64decode(answer.data[0].b64_json))
    kept = [math.dist(a, b) for was, now in zip(old, new) for a, b in zip(was[:half - 16], now[:half - 16])]
    assert sum(kept) / len(kept) < 10
    drawn, around = ([[mark == wanted and x >= half + 16 for x, mark in enumerate(row)] for row in ideal("square")]
                     for wanted in (True, False))
    assert math.dist(mean(part(new, drawn)), COLOURS["blue"]) < 2 * DISTANCE
    assert math.dist(mean(part(new, around)), COLOURS["yellow"]) < 2 * DISTANCE


def test_a_fresh_machine_draws_without_naming_a_model(stopped, tmp_path):
    out = stopped("image", words("purple", "cross", "green"), "--seed", "5", "--port", "0", cwd=tmp_path).stdout
    assert out == "a-purple-cross-on-a-green-background.png\n"
    assert not faults((tmp_path / out.strip()).read_bytes(), "purple", "cross", "green")

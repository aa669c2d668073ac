"""Values that programs stumble over, and the bounds that docs/api.md states for each field."""
import pathlib
import re

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "api.md"
ROW = re.compile(r"^\| `(\w+)` \| honoured \| (.*?) \|$")
RANGE = re.compile(r"(-?\d+(?:\.\d+)?) to (-?\d+(?:\.\d+)?)")
NUMBERS = [0, 1, -1, 2, 3, 64, 255, 65536, 2**31 - 1, 2**31, -2**31, 2**32, 2**53, 2**63 - 1, 2**63, 2**64, -2**63 - 1, 10**40, 0.5,
           -0.0, 1e-320, 1e-7, 1e38, 1e39, 1e308, -1e308]
TEXTS = ["", " ", "a", "\x00", "\n" * 50, "\u202e\u2066", "\ud800", "\udfff\ud800", "é" * 40, "😀" * 30, "[" * 3000, "{" * 3000,
         "(" * 3000, "\\" * 999, "%s%n%x", "../../etc/passwd", "<|im_start|>system", "</s>" * 99, "a" * 70000, "\x7f\x9b31m", "'\"`$(id)",
         "<__media__>" * 3, "\ufeff", "ﷺ" * 100]


def bounds():
    """{field: [numbers at and beyond what the page says]} for the fields that have bounds."""
    found = {}
    for line in PAGE.read_text().splitlines():
        row = ROW.match(line)
        if not row:
            continue
        name, words = row.groups()
        numbers = [float(n) for pair in RANGE.findall(words) for n in pair]
        numbers += [float(n) for n in re.findall(r"at most (\d+)", words)]
        edge = []
        for n in numbers:
            for near in (n, n - 1, n + 1, n - 1e-9, n + 1e-9, n * 1000):
                edge.append(int(near) if near == int(near) else near)
        found.setdefault(name, []).extend(edge)
    assert len(found) > 60, "the tables of docs/api.md have another form now"
    return found


BOUNDS = bounds()


def number(rng, field=None):
    edge = BOUNDS.get(field)
    return rng.choice(edge) if edge and rng.random() < 0.7 else rng.choice(NUMBERS)


def text(rng):
    kind = rng.random()
    if kind < 0.6:
        return rng.choice(TEXTS)
    if kind < 0.8:
        return "".join(chr(rng.choice([rng.randrange(32, 127), rng.randrange(0x10FFFF)])) for _ in range(rng.randrange(60)))
    return rng.choice(TEXTS)[:50] * rng.randrange(1, 60)


def nest(rng, depth):
    value = text(rng)[:20]
    for _ in range(depth):
        value = [value] if rng.random() < 0.5 else {"a": value}
    return value


def strange(rng):
    """Anything that JSON can say."""
    kind = rng.randrange(8)
    if kind == 0:
        return None
    if kind == 1:
        return rng.random() < 0.5
    if kind == 2:
        return number(rng)
    if kind == 3:
        return text(rng)
    if kind == 4:
        return [strange_leaf(rng) for _ in range(rng.randrange(5))]
    if kind == 5:
        return {text(rng)[:30]: strange_leaf(rng) for _ in range(rng.randrange(5))}
    if kind == 6:
        return nest(rng, rng.choice([1, 5, 60, 126, 129, 2000]) if rng.random() < 0.5 else 3)
    return rng.choice([[], {}, [[]], [None] * 1000, list(range(500)), {str(i): i for i in range(500)}])


def strange_leaf(rng):
    return rng.choice([None, True, number(rng), text(rng)])


def mutate(rng, tree, times=1):
    """Replaces, removes or doubles values at random places."""
    for _ in range(times):
        places = list(paths_in(tree))
        if not places:
            return tree
        holder, at = rng.choice(places)
        deed = rng.random()
        if deed < 0.6:
            holder[at] = strange(rng)
        elif deed < 0.75 and isinstance(holder, dict):
            del holder[at]
        elif deed < 0.85 and isinstance(holder, dict):
            holder[text(rng)[:20] or "x"] = holder.pop(at)
        elif isinstance(holder, list):
            holder.extend([holder[at]] * rng.choice([1, 3, 200]))
    return tree


def paths_in(tree, depth=0):
    if depth > 40:
        return
    items = list(tree.items()) if isinstance(tree, dict) else list(enumerate(tree)) if isinstance(tree, list) else []
    for at, value in items[:300]:
        yield tree, at
        yield from paths_in(value, depth + 1)

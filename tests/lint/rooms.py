"""The table of rooms in ARCHITECTURE.md is true: of every #include under src/, of the folders, and of
CMakeLists.txt."""
import re

import cpp
import tree

ROW = re.compile(r"^\| `(\w+)` \| [^|]* \| ([^|]*) \|$", re.M)
ROOM_CALL = re.compile(r"^eai_room\((\w+)(?: ROOMS ([\w ]+?))?(?: LIBS [\w ]+)?\)$", re.M)


def table(text):
    """{room: rooms it may include}"""
    rows = dict(ROW.findall(text.split("\n## Rooms\n")[1].split("\n## ")[0]))
    allowed = {room: set(re.findall(r"`(\w+)`", may)) for room, may in rows.items()}
    for room, may in rows.items():
        if may.strip() == "all":
            allowed[room] = set(rows) - {room}
    return allowed


def faults_of_include(name, text, allowed):
    room = name.split("/")[1]
    if room not in allowed:
        return [f"{name}: the room {room} is not in the table"]
    faults = []
    for quote, target, line in cpp.includes(text):
        if quote != '"':
            continue
        at = f"{name}:{line}"
        other = target.split("/")[0]
        if other == "fakes" and name.endswith(("_test.cc", "_testing.h")):  # tests/fakes
            continue
        if "/" not in target or other not in allowed:
            faults.append(f'{at}: #include "{target}" is not written from src/; name the room first')
        elif other != room and other not in allowed[room]:
            faults.append(f'{at}: {room} may not include {other} ("{target}"), says the table in ARCHITECTURE.md')
    return faults


def faults_of_cmake(text, allowed):
    built = {room: set(rooms.split()) for room, rooms in ROOM_CALL.findall(text)}
    return [f"CMakeLists.txt: {room} links {sorted(built.get(room, []))}, the table says {sorted(may)}"
            for room, may in allowed.items() if built.get(room) != may]


def self_test():
    allowed = table("\n## Rooms\n\n| room | its one sentence | may include |\n|---|---|---|\n| `a` | x | – |\n"
                    "| `b` | x | `a` |\n| `c` | x | all |\n\n## Tests\n\n| `d` | x | y |\n")
    assert allowed == {"a": set(), "b": {"a"}, "c": {"a", "b"}}, allowed
    assert not faults_of_include("src/b/x.cc", '#include "a/y.h"\n#include "b/z.h"\n#include <b>\n', allowed)
    assert faults_of_include("src/a/x.cc", '#include "b/y.h"\n', allowed)
    assert faults_of_include("src/a/x.cc", '  #  include "b/y.h"\n', allowed)
    assert faults_of_include("src/a/x.cc", '#include "y.h"\n', allowed)
    assert faults_of_include("src/d/x.cc", "", allowed)
    assert not faults_of_include("src/a/x_test.cc", '#include "fakes/y.h"\n', allowed)
    assert not faults_of_include("src/a/x_testing.h", '#include "fakes/y.h"\n', allowed)
    assert faults_of_include("src/a/x.cc", '#include "fakes/y.h"\n', allowed)
    assert not faults_of_cmake("eai_room(a LIBS q)\neai_room(b ROOMS a LIBS q)\neai_room(c ROOMS a b)\n", allowed)
    assert faults_of_cmake("eai_room(a)\neai_room(b ROOMS a)\neai_room(c ROOMS a)\n", allowed)


if __name__ == "__main__":
    self_test()
    rooms = table((tree.ROOT / "ARCHITECTURE.md").read_text())
    names = [n for n in tree.files(".h", ".cc") if n.startswith("src/")]
    found = [f for n in names for f in faults_of_include(n, (tree.ROOT / n).read_text(), rooms)]
    found += faults_of_cmake((tree.ROOT / "CMakeLists.txt").read_text(), rooms)
    tree.finish(len(names), f"files in {len(rooms)} rooms", found)

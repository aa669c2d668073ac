"""The repository is about the project alone: no path of somebody's machine, no host of a package registry, nothing left
to do later, no conflict marks. No hand-written source is longer than a reader can hold, and no test sleeps."""
import re

import tree

# Written so that this file does not find itself.
FORBIDDEN = [
    (re.compile(r"(?<![\w.$}/])/(work|root|home)" r"/\w"), "a path of one machine"),
    (re.compile(r"registry\.npm" r"js|pypi\.o" r"rg|pythonhosted\.o" r"rg|proxy\.golang\.o" r"rg|deb\.debian\.o" r"rg"),
     "a host of a package registry"),
    (re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b"), "something left to do"),
    (re.compile(r"^(<{7}|>{7}) ", re.M), "a conflict mark"),
]
SOURCES = (".h", ".cc", ".py", ".sh", ".cmake", ".js", ".cjs", ".mjs")
TESTS = re.compile(r".*_test\.(cc|py)|.*_testing\.(h|cc)|.*/conftest\.py")
SLEEP = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|\btime\.sleep\(")
HARD_EDGE = 500
LONG = 300


def faults_of(name, text):
    faults = []
    for pattern, what in FORBIDDEN:
        for match in pattern.finditer(text):
            faults.append(f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {what}: {match.group()}")
    for match in SLEEP.finditer(text) if TESTS.fullmatch(name) else ():
        faults.append(f"{name}:{text.count(chr(10), 0, match.start()) + 1}: a test that sleeps; wait for an event instead")
    lines = text.count("\n")
    if name.endswith(SOURCES) and lines > HARD_EDGE:
        faults.append(f"{name}:{HARD_EDGE + 1}: it has {lines} lines, the most is {HARD_EDGE}, and {LONG} the aim; split it")
    return faults


def self_test():
    assert faults_of("a.md", "see /ro" + "ot/x\n")
    assert faults_of("a.json", '"resolved": "https://registry.npm' + 'js.org/x"\n')
    assert faults_of("a.cc", "// TO" + "DO: later\n")
    assert faults_of("a.cc", "\n" * (HARD_EDGE + 1))
    assert not faults_of("a.md", "\n" * (HARD_EDGE + 1))
    assert faults_of("src/a/b_test.cc", "std::this_thread::sleep_for(1s);\n") and faults_of("x/a_test.py", "time.sleep(1)\n")
    assert not faults_of("src/a/b.cc", "std::this_thread::sleep_for(1s);\n")
    assert not faults_of("a.cc", "$HOME/x ~/x https://example.com/home/x /homework\n")


def text_of(name):
    raw = (tree.ROOT / name).read_bytes()
    return "" if b"\0" in raw[:8192] else raw.decode("utf-8", "replace")


if __name__ == "__main__":
    self_test()
    texts = {name: text_of(name) for name in tree.files()}
    for name, text in texts.items():
        if name.endswith(SOURCES) and LONG < text.count("\n") <= HARD_EDGE:
            print(f"long: {name}: {text.count(chr(10))} lines")
    tree.finish(len(texts), "files", [f for name, text in texts.items() for f in faults_of(name, text)])

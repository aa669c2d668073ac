"""Prose can be read where it is written: Markdown within 120 columns (a table's rows and a link's target excepted), and
without the few turns that read as translated. Only such turns are listed here as cannot be meant otherwise."""
import re

import tree

COLUMNS = 120
TARGET = re.compile(r"\]\([^)\s]*\)|<?https?://[^\s)>]+>?")
BETWEEN = r"(?:[ \t]|\n[ \t]*(?://|\#)?[ \t]*)+"  # words of one sentence, over the line of a comment too
# (where, what, what to write instead); written so that this file does not find itself.
TURNS = [
    (tree.PROSE, re.compile(r"(?<!not )\b[Bb]ut" + BETWEEN + r"for\b(?! (?:example|instance|now)\b)"), 'write "except" or "apart from"'),
    ((".h", ".md"), re.compile(r"\b[Mm]ean" r"while\b"), 'write "while …", or say what happens first'),
    (tree.PROSE, re.compile(r"\bhas" + BETWEEN + r"come" + BETWEEN + r"to" + BETWEEN + r"be\b"), 'write "is" or "is now"'),
]


def faults_of_width(name, text):
    for number, line in enumerate(text.splitlines(), 1):
        if not line.lstrip().startswith("|") and len(TARGET.sub("", line)) > COLUMNS:
            yield f"{name}:{number}: {len(line)} columns; wrap at {COLUMNS}"


def faults_of_turns(name, text):
    for endings, turn, cure in TURNS:
        if name.endswith(endings):
            for match in turn.finditer(text):
                said = " ".join(match.group().replace("//", " ").split())
                yield f'{name}:{text.count(chr(10), 0, match.start()) + 1}: "{said}"; {cure}'


def self_test():
    long = "word " * 30
    assert list(faults_of_width("a.md", "# x\n" + long)) == ["a.md:2: 150 columns; wrap at 120"]
    for line in ("| " + long, "see [x](" + "https://example.com/" + "y" * 120 + ")", "<https://example.com/" + "y" * 120 + ">"):
        assert not list(faults_of_width("a.md", line)), line
    assert list(faults_of_turns("a.h", "// all, bu" "t\n// for one")) == ['a.h:1: "bu' 't for"; write "except" or "apart from"']
    for case in ("Mean" "while it runs", "it has" " come to be there", "empty, but" " for one"):
        assert list(faults_of_turns("a.h", case)), case
    for case in ("but" " for example this", "not so, but forever", "not for one, but four", "a butt for it"):
        assert not list(faults_of_turns("a.h", case)), case


if __name__ == "__main__":
    self_test()
    texts = {name: (tree.ROOT / name).read_text() for name in tree.files(*tree.PROSE)}
    found = [f for name, text in texts.items() if name.endswith(".md") for f in faults_of_width(name, text)]
    found += [f for name, text in texts.items() for f in faults_of_turns(name, text)]
    tree.finish(len(texts), "files", found)

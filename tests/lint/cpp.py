"""Reads C++ as tokens, which is enough for the lints: they ask what words stand where, not what the words mean."""
import re

TOKEN = re.compile(r'''
    (?P<space>\s+|//[^\n]*|/\*.*?\*/|^[ \t]*\#(?:[^\n\\]|\\.)*)
  | R"(?P<raw>[^(\s]*)\((?P<raw_text>.*?)\)(?P=raw)"
  | "(?P<text>(?:[^"\\\n]|\\.)*)" | '(?:[^'\\\n]|\\.)*'
  | \d(?:[\w.]|'(?=\w))* | \w+ | -> | :: | == | != | \[\[ | \]\] | .
''', re.X | re.S | re.M)
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def matches(text):
    """(match, line) of every token, without white space, comments and preprocessor lines."""
    line = 1
    for match in TOKEN.finditer(text):
        if match.group("space") is None:
            yield match, line
        line += match.group().count("\n")


def tokens(text):
    """(word, line) of every token."""
    return ((match.group(), line) for match, line in matches(text))


def strings(text):
    """(content, line) of every string literal."""
    for match, line in matches(text):
        for name in ("raw_text", "text"):
            if match.group(name) is not None:
                yield match.group(name), line


def includes(text):
    """(bracket or quote, what is included, line) of every #include."""
    return ((m.group(1), m.group(2), text.count("\n", 0, m.start(2)) + 1) for m in INCLUDE.finditer(text))

"""What README.md and the pages of docs/ tell people to type, and where their links lead."""
import pathlib
import re
import shlex
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.M | re.S)


class Block:
    """A block of code: its language, the heading above it, and its first line's number."""

    def __init__(self, page, text, match):
        self.page, self.language, self.body = page, match[2], match[3]
        self.line = text.count("\n", 0, match.start(3)) + 1
        headings = re.findall(r"^#+ (.*)$", FENCE.sub("", text[:match.start()]), re.M)
        self.heading = headings[-1] if headings else ""


def blocks(page, *languages):
    text = (ROOT / page).read_text()
    return [block for block in (Block(page, text, match) for match in FENCE.finditer(text)) if block.language in languages]


def whole(text):
    """Whether a shell could begin to work with it: no quote, bracket or line is left open."""
    done = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True, check=False)
    return not text.endswith("\\") and done.returncode == 0 and not done.stderr


def commands(body):
    """The commands of a shell's block, each whole, though it may have several lines."""
    found, pending = [], ""
    for line in body.splitlines():
        pending = f"{pending}\n{line}" if pending else line
        if whole(pending):
            if pending.strip() and not pending.lstrip().startswith("#"):
                found.append(pending)
            pending = ""
    assert not pending, f"this command has no end:\n{pending}"
    return found


def dialogue(body):
    """A console's block as [(command, [(what is typed at a prompt of its own, or None)…], [what is shown…])]."""
    found = []
    for line in body.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], [], []))
        elif line.startswith(">>>"):
            found[-1][1].append(line[3:].strip())
        else:
            found[-1][2].append(line)
    return found


def slug(heading):
    """The name that a heading has in links."""
    text = re.sub(r"[`*]|\[|\]\([^)]*\)", "", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def anchors(path):
    return {slug(heading) for heading in re.findall(r"^#+ (.*)$", FENCE.sub("", path.read_text()), re.M)}


def broken_links(page):
    text = FENCE.sub("", (ROOT / page).read_text())
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        if not path.exists():
            yield f"{page}: there is no {target}"
        elif anchor and anchor not in anchors(path):
            yield f"{page}: {name or page} has no heading #{anchor}"


def spoken(page):
    """The commands of eai that stand within sentences and tables: `eai model stop`."""
    text = FENCE.sub("", (ROOT / page).read_text())
    return [" ".join(words.split()) for words in re.findall(r"`(eai [a-z-][^`]*)`", text)]


def plain(text):
    """A line without what is another each time."""
    return " ".join(re.sub(r"\d[\d.,]*", "0", text).split())


def is_right_for_make(command):
    """make's target exists, and what NAMES names, too."""
    words = [word for word in shlex.split(command, comments=True) if word != "make"]
    values = dict(word.split("=", 1) for word in words if "=" in word)
    makefile = (ROOT / "Makefile").read_text()
    targets = [word for word in words if "=" not in word]
    if "bench" in targets:
        assert all((ROOT / f"bench/{name}_bench.py").exists() for name in values.get("NAMES", "").split()), command
    return all(re.search(rf"^{target}:", makefile, re.M) for target in targets)

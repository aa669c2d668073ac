#!/usr/bin/env python3
"""Runs clang-tidy with the checks of .clang-tidy, all of them errors, over the sources that changed since the main
branch (on the main branch itself: since the commit before), or with --all over every source that the build tree
compiles.

    tests/lint/tidy.py --build <folder with compile_commands.json> [--all] [--jobs N] [--seconds N]

A file takes some seconds, so a good verdict is kept in $XDG_CACHE_HOME/eai/tidy (default ~/.cache): an empty file whose
name is a hash of all that the verdict rests on. A changed header is read through a source that includes it. The most
changed files come first. After --seconds no further file is begun, and the last lines say how many were left out."""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time

import cpp
import tree

PROGRAM = "clang-tidy-14"
INCLUDE_FOLDERS = ("src", "tests", ".")
FAULT = re.compile(r"^(\S+:\d+:\d+: (?:warning|error): .*)$", re.M)


def git(*words):
    """What git prints, or None when it cannot."""
    done = subprocess.run(["git", *words], cwd=tree.ROOT, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def base():
    """The commit since which a change counts."""
    for name in ("main", "origin/main"):
        if found := git("merge-base", "HEAD", name):
            return found if found != git("rev-parse", "HEAD") else git("rev-parse", "--verify", "HEAD^1") or found
    return "HEAD"


def changed_lines():
    """{file: lines changed}, for tracked and for new files."""
    told = git("diff", "--numstat", "--no-renames", base()) or ""
    lines = {name: int(added) + int(gone) for added, gone, name in (row.split("\t") for row in told.splitlines()) if added != "-"}
    for name in (git("ls-files", "--others", "--exclude-standard") or "").splitlines():
        lines[name] = (tree.ROOT / name).read_bytes().count(b"\n")
    return lines


def commands(build):
    """{source relative to ROOT: how it is compiled}"""
    out = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if path.is_relative_to(tree.ROOT) and not path.is_relative_to(build) and path.exists():
            out.setdefault(str(path.relative_to(tree.ROOT)), entry["command"])
    return out


def headers_of(name, known):
    """The project's files that `name` includes, over any number of others. `known`: {file: what it includes itself}."""
    found, open_ = set(), [name]
    while open_:
        at = open_.pop()
        if at not in known:
            text = (tree.ROOT / at).read_text()
            folders = [str(pathlib.Path(at).parent), *INCLUDE_FOLDERS]
            places = [[os.path.normpath(f"{folder}/{target}") for folder in folders]
                      for quote, target, _ in cpp.includes(text) if quote == '"']
            known[at] = [next((p for p in options if (tree.ROOT / p).is_file()), None) for options in places]
        new = {header for header in known[at] if header} - found
        found |= new
        open_ += new
    return found


def key_of(name, command, headers, version):
    """A hash of all that a verdict rests on: the tool, its checks, the compiler's words, the file and the headers it
    sees."""
    digest = hashlib.sha256()
    for part in (version, (tree.ROOT / ".clang-tidy").read_text(), command.replace(str(tree.ROOT), "."), name,
                 *(h + "\0" + (tree.ROOT / h).read_text() for h in [name, *sorted(headers)])):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


def chosen(changes, sources, includes):
    """The sources that show what changed, the most changed first: each itself, and for a header one that includes
    it."""
    weight = {}
    for name, lines in changes.items():
        seers = [s for s in sources if s == name or name in includes[s]]
        if seers:
            stem = os.path.splitext(name)[0]
            seer = min(seers, key=lambda s: (s != name, os.path.splitext(s)[0] != stem, len(includes[s]), s))
            weight[seer] = weight.get(seer, 0) + lines
    return sorted(weight, key=lambda s: (-weight[s], s))


def faults_in(name, build):
    done = subprocess.run([PROGRAM, "-p", build, "--quiet", name], cwd=tree.ROOT, capture_output=True, text=True)
    faults = list(dict.fromkeys(line.replace(f"{tree.ROOT}/", "") for line in FAULT.findall(done.stdout)))
    if done.returncode != 0 and not faults:
        faults = [f"{name}:1: {PROGRAM} failed: {' '.join(done.stderr.split())[-300:]}"]
    return faults


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        planted = pathlib.Path(folder, "x.cc")
        planted.write_text("struct A { virtual void f(); };\nstruct B : A { virtual void f(); };\n")
        told = subprocess.run([PROGRAM, f"--config-file={tree.ROOT}/.clang-tidy", "--quiet", planted, "--", "-std=c++20"],
                              capture_output=True, text=True).stdout
        assert "x.cc:2:" in " ".join(FAULT.findall(told)), told
    includes = {"a.cc": {"a.h", "b.h"}, "b.cc": {"b.h"}, "c.cc": {"a.h", "b.h", "c.h"}}
    assert chosen({"b.h": 1, "c.cc": 5, "x.md": 9}, includes, includes) == ["c.cc", "b.cc"]
    assert chosen({"a.h": 1}, includes, includes) == ["a.cc"] and chosen({"c.h": 1}, includes, includes) == ["c.cc"]
    assert FAULT.findall("a/b.cc:1:2: error: it is so [x,-y]\n  code\n") == ["a/b.cc:1:2: error: it is so [x,-y]"]
    assert headers_of("src/util/result.cc", {}) >= {"src/util/result.h"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    args = parser.parse_args()
    build = args.build.resolve()
    sources, known = commands(build), {}
    includes = {name: headers_of(name, known) for name in sources}
    version = subprocess.run([PROGRAM, "--version"], check=True, capture_output=True, text=True).stdout
    kept = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "eai/tidy"
    kept.mkdir(parents=True, exist_ok=True)

    wanted = sorted(sources) if args.all else chosen(changed_lines(), sources, includes)
    verdicts = {name: kept / key_of(name, sources[name], includes[name], version) for name in wanted}
    unread = [name for name in wanted if not verdicts[name].exists()]
    end = time.monotonic() + args.seconds

    def judge(name):
        """The faults, or None if there was no time left for this file."""
        if time.monotonic() > end:
            return None
        faults = faults_in(name, build)
        if not faults:
            verdicts[name].touch()
        return faults

    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        read = [faults for faults in pool.map(judge, unread) if faults is not None]
    print(f"{len(read)} files read, {len(wanted) - len(unread)} known to be good, {len(unread) - len(read)} left to `make lint`")
    tree.finish(len(sources), "files are compiled", sorted({fault for faults in read for fault in faults}))


if __name__ == "__main__":
    self_test()
    main()

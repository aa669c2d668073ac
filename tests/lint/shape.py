"""The shape of the sources: no function is longer than a reader can hold, every header of ours begins with what its
reader must know (why it exists, which thread may call), and every other source says in its first comment what it is
for."""
import pathlib
import re
import subprocess
import tempfile

import tree

LONGEST = 80  # lines, with the signature and the closing brace; the aim is 40
KINDS = {"C++": "f", "Python": "fm"}  # functions; in Python, ctags calls those of a class members
INTRODUCED = ("bench/", "tests/", "tools/", "setup/", "fuzz/", "cmake/")
COMMENT = re.compile(r"""(#![^\n]*\n)?\s*(//|\#[ ]|["']{3})""")


def functions(root, names, language):
    """(file, first line, last line, name), as Universal Ctags sees them."""
    if not names:
        return
    told = subprocess.run(["ctags-universal", "-f", "-", "--sort=no", f"--language-force={language}", "--fields=ne",
                           f"--kinds-{language}={KINDS[language]}", "-L", "-"], cwd=root, check=True, capture_output=True,
                          text=True, errors="replace", input="\n".join(names)).stdout
    for row in told.splitlines():
        name, file, rest = row.split("\t", 2)
        ends = dict(re.findall(r"\t(line|end):(\d+)", rest))
        if "end" in ends:
            yield file, int(ends["line"]), int(ends["end"]), name


def faults_of_length(root, names, language):
    return [f"{file}:{first}: {name}() has {last - first + 1} lines, the most is {LONGEST}; give its parts names of their own"
            for file, first, last, name in functions(root, names, language) if last - first + 1 > LONGEST]


def faults_of_header(name, text):
    faults = []
    if not text.startswith("// Why: "):
        faults.append(f"{name}:1: begin the header with \"// Why: \" and the reason that it exists")
    if not re.search(r"^// Thread: ", text.split("#pragma once")[0], re.M):
        faults.append(f"{name}:1: say in a line \"// Thread: \" above #pragma once who may call from which thread")
    return faults


def faults_of_introduction(name, text):
    return [] if COMMENT.match(text) else [f"{name}:1: say in a first comment what this file is for"]


def is_script(name):
    return (tree.ROOT / name).read_bytes().startswith(b"#!")


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for lines, faulty in ((LONGEST - 2, False), (LONGEST - 1, True)):
            (root / "x.cc").write_text("int a() { return 1; }\n\nResult<void> B::f(int x) const {\n" + "  g();\n" * lines + "}\n")
            found = faults_of_length(root, ["x.cc"], "C++")
            assert bool(found) == faulty, (lines, found)
            assert not faulty or found[0].startswith("x.cc:3: f() has 81 lines")
        (root / "x.py").write_text("class A:\n    def m(self):\n" + "        pass\n" * LONGEST)
        assert faults_of_length(root, ["x.py"], "Python")
    assert not faults_of_header("x.h", "// Why: to be.\n// Thread: any.\n#pragma once\n")
    assert faults_of_header("x.h", "// Why: to be.\n#pragma once\n// Thread: any.\n")
    assert faults_of_header("x.h", "// What: to be.\n// Thread: any.\n#pragma once\n")
    for text in ("// x\nint a;", "#!/bin/sh\n# x\n", '"""x"""\nimport y', '#!/usr/bin/env python3\n"""x"""\n', "# x\nset(a b)\n"):
        assert not faults_of_introduction("x", text), text
    for text in ("#include <x>\n", "#!/bin/sh\nset -e\n", "import y\n", "#!/usr/bin/env python3\nimport y\n"):
        assert faults_of_introduction("x", text), text


if __name__ == "__main__":
    self_test()
    cpp, scripts = tree.files(".h", ".cc"), [n for n in tree.files() if n.startswith("tools/") and is_script(n)]
    python = tree.files(".py") + [n for n in scripts if "python" in (tree.ROOT / n).read_text().split("\n")[0]]
    found = faults_of_length(tree.ROOT, cpp, "C++") + faults_of_length(tree.ROOT, python, "Python")
    introduced = [n for n in tree.files(".cc", ".py", ".sh", ".cjs", ".cmake") if n.startswith(INTRODUCED)] + scripts
    introduced += [n for n in tree.files(".sh") if "/" not in n] + [n for n in ("Makefile", ".ci/run") if (tree.ROOT / n).exists()]
    for name in sorted({*introduced, *(n for n in cpp if n.endswith(".h"))}):
        check = faults_of_header if name.endswith(".h") else faults_of_introduction
        found += check(name, (tree.ROOT / name).read_text())
    tree.finish(len(cpp) + len(python) + len(introduced), "files", found)

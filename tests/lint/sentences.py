"""The sentences below the table of rooms in ARCHITECTURE.md are true of the sources under src/: "only `engine` starts a
process", "`fetch`, `preserve` and `engine` never include each other", and so on. The rooms are read from the page, so
that the page cannot say one thing and this lint another; what each sentence means in code stands here. Two rules that
every room keeps are checked as well: no room but `cli` names an option of eai, and no task runs without an owner."""
import re

import cpp
import tree

# What may do the forbidden thing in spite of its room, and why. An entry that nothing needs any longer is a fault.
EXCEPTIONS = {
    ("starts a process", "src/cli/launch.cc"): "starts eai's own server in the background",
    ("starts a process", "src/cli/child_program.cc"): "starts the editor or the pager of the person at the terminal",
    ("makes it a model file", "src/util/file.h"): "declares the one call that renames and syncs",
    ("makes it a model file", "src/util/file.cc"): "defines the one call that renames and syncs",
    ("makes it a model file", "src/util/own_folder.cc"): "puts a full log aside",
    ("makes it a model file", "src/preserve/home_car.cc"): "gives a finished CAR file its name",
    ("makes it a model file", "src/library/export.cc"): "gives a finished CAR file its name",
    ("serves strangers", "src/engine/worker.cc"): "binds a port only to learn that it is free",
    ("prints", "src/util/log.cc"): "is the diary",
}


class Source:
    """A file under src/ as the rules see it."""

    def __init__(self, name, text):
        self.name, self.room = name, name.split("/")[1]
        pairs = list(cpp.tokens(text))
        self.words, self.lines = [w for w, _ in pairs], [line for _, line in pairs]
        self.strings, self.includes = list(cpp.strings(text)), list(cpp.includes(text))

    def word(self, at):
        return self.words[at] if 0 <= at < len(self.words) else ""

    def calls(self, names, qualifiers=("std",), only_global=False):
        """(index, line) where one of these free functions is called or declared: f(, ::f( or std::f(, not x.f( or
        Y::f(."""
        for i, word in enumerate(self.words):
            if word not in names or self.word(i + 1) != "(":
                continue
            before = self.word(i - 1)
            if before == "::":
                qualifier = self.word(i - 2)
                free = not re.match(r"\w", qualifier) or qualifier == "return" or not only_global and qualifier in qualifiers
            else:
                free = before not in (".", "->") and not only_global
            if free:
                yield i, self.lines[i]

    def closing(self, at):
        """The index of the bracket that closes the one at `at`."""
        depth = 0
        for i in range(at, len(self.words)):
            depth += (self.words[i] in "([{") - (self.words[i] in ")]}")
            if depth == 0:
                return i
        return len(self.words) - 1

    def opening(self, at):
        depth = 0
        for i in range(at, -1, -1):
            depth += (self.words[i] in ")]}") - (self.words[i] in "([{")
            if depth == 0:
                return i
        return 0

    def name_left_of(self, at):
        """The last name of the operand that ends before `at`: b.hash() gives hash."""
        i = at - 1
        while self.word(i) in (")", "]"):
            i = self.opening(i) - 1
        return self.word(i)

    def name_right_of(self, at):
        i, name = at + 1, ""
        while self.word(i) in ("*", "&", "("):
            i += 1
        while re.match(r"\w", self.word(i)):
            name = self.word(i)
            i += 1
            while self.word(i) in ("(", "["):
                i = self.closing(i) + 1
            if self.word(i) not in (".", "->", "::"):
                break
            i += 1
        return name


PROCESS = {"fork", "vfork", "clone", "clone3", "execl", "execlp", "execle", "execv", "execve", "execvp", "execvpe", "execveat",
           "fexecve", "posix_spawn", "posix_spawnp", "popen", "system", "daemon"}


def starts_a_process(source, _):
    for i, line in source.calls(PROCESS):
        yield line, f"{source.words[i]}() starts a process"
    for _, target, line in source.includes:
        if target == "spawn.h" or target.startswith("boost/process"):
            yield line, f"<{target}> starts processes"


HASH_HEADERS = re.compile(r"openssl/(evp|sha|md5|hmac|ripemd|blake2)\.h|isa-l_crypto|blake3")
HASH_WORDS = re.compile(r"EVP_\w+|SHA(1|224|256|384|512)(_\w+)?|crypto_(hash|generichash|auth|sign|onetimeauth)\w*")
DIGEST = re.compile(r"\w*(sha256|digest|value_so_far)s?_?|finish")
NO_DIGEST = {"nullptr", "nullopt", "end", "size"}
EQUAL = {"memcmp", "equal", "CRYPTO_memcmp", "sodium_memcmp", "timingsafe_bcmp"}


def judges_bytes(source, _):
    for _, target, line in source.includes:
        if HASH_HEADERS.match(target):
            yield line, f"<{target}> hashes bytes"
    for i, (word, line) in enumerate(zip(source.words, source.lines)):
        if HASH_WORDS.fullmatch(word):
            yield line, f"{word} hashes bytes"
        if word in ("==", "!="):
            names = {source.name_left_of(i), source.name_right_of(i)}
            if not names & NO_DIGEST and any(DIGEST.fullmatch(name) for name in names):
                yield line, "compares a digest"
        if word in EQUAL and source.word(i + 1) == "(":
            if any(DIGEST.fullmatch(w) for w in source.words[i:source.closing(i + 1)]):
                yield line, f"{word}() compares a digest"


RENAMES = {"rename", "renameat", "renameat2", "rename_synced", "create_hard_link"}
STORE_FOLDERS = {'"models"', '"partial"', '"trash"', '"locks"'}


def makes_model_files(source, _):
    for i, line in source.calls(RENAMES, qualifiers=("std", "fs", "filesystem", "eai")):
        yield line, f"{source.words[i]}() gives a file another name"
    for i, line in source.calls({"link", "linkat"}, only_global=True):
        yield line, f"{source.words[i]}() gives a file another name"
    for i, (word, line) in enumerate(zip(source.words, source.lines)):
        if word in STORE_FOLDERS and source.word(i - 1) == "/":
            yield line, f"{word} is a folder of the store; ask the store for the path"
        if word == '"manifest.json"':
            yield line, f"{word} is a file of the store"


def serves_strangers(source, rooms):
    if source.room == "http":  # the server itself, which serves nobody until a room gives it a handler
        return
    for i, line in source.calls({"listen", "bind", "accept", "accept4"}, only_global=True):
        yield line, f"{source.words[i]}() takes connections"
    wiring = {"cli", "admin"}
    for word, line in zip(source.words, source.lines):
        if word in ("acceptor", "async_accept") or word in ("listen_tcp", "open_listeners") and source.room not in wiring:
            yield line, f"{word} takes connections"
    for _, target, line in source.includes:
        if target == "http/server.h" and source.room not in wiring | rooms:
            yield line, f'"{target}" answers requests'


PRINTS = {"printf", "vprintf", "puts", "putchar", "perror", "psignal"}
STREAMS = re.compile(r"cout|cerr|clog|stdout|stderr|STDOUT_FILENO|STDERR_FILENO|(stdout|stderr)_\w*(sink|color|logger)\w*")


def prints(source, _):
    for i, line in source.calls(PRINTS):
        yield line, f"{source.words[i]}() prints"
    for i, line in source.calls({"print", "println"}, qualifiers=("std", "fmt")):
        if source.word(i - 1) == "::":
            yield line, f"{source.words[i]}() prints"
    for i, line in source.calls({"write"}, only_global=True):
        if source.word(i + 2) in ("1", "2"):
            yield line, "write() to stdout or stderr prints"
    for word, line in zip(source.words, source.lines):
        if STREAMS.fullmatch(word):
            yield line, f"{word} belongs to the one who prints"


ONLY = {
    r"starts? a process": ("starts a process", starts_a_process),
    r"says? that a byte is good": ("says that a byte is good", judges_bytes),
    r"makes? it a model file": ("makes it a model file", makes_model_files),
    r"serves? strangers": ("serves strangers", serves_strangers),
    r"prints?": ("prints", prints),
}
ROOMS = r"((?:`\w+`(?:, (?:and )?| and )?)+)"


class Page:
    """The sentences: only = {what: rooms}, apart = [rooms that never include each other], strange = [(room, unknown
    room)]."""

    def __init__(self, text):
        self.only, self.apart, self.strange, self.faults = {}, [], [], []
        section = text.split("\n## Rooms\n")[1].split("\n## ")[0]
        prose = " ".join(line.removeprefix("- ") for line in section.splitlines() if not line.startswith("|"))
        for clause in re.split(r"[.;]\s", re.sub(r"\([^)]*\)", "", prose) + " "):
            self.take(" ".join(clause.split()))
        for what in {what for what, _ in ONLY.values()} - self.only.keys():
            self.faults.append(f"ARCHITECTURE.md: no sentence says who {what}; say it, or take its rule out of this lint")
        if not self.apart or not self.strange:
            self.faults.append("ARCHITECTURE.md: say which rooms never include each other, and which do not know which")

    def take(self, clause):
        def named(text):
            return set(re.findall(r"`(\w+)`", text))
        if match := re.fullmatch(ROOMS + r" never include each other", clause):
            self.apart.append(named(match.group(1)))
        elif match := re.match(ROOMS + r" do(?:es)? not know " + ROOMS, clause):
            self.strange += [(a, b) for a in named(match.group(1)) for b in named(match.group(2))]
        elif match := re.fullmatch(r"[Oo]nly " + ROOMS + r" (.+)", clause):
            known = [what for pattern, (what, _) in ONLY.items() if re.fullmatch(pattern, match.group(2))]
            self.only |= {what: named(match.group(1)) for what in known}
            if not known:
                self.faults.append(f'ARCHITECTURE.md: "{clause}" is checked by nothing; give it a rule in this lint')


def faults_of(source, page):
    """(what the page says or None, line, fault)"""
    for what, rule in ONLY.values():
        rooms = page.only.get(what, set())
        if source.room in rooms:
            continue
        for line, fault in rule(source, rooms):
            yield what, line, f"{fault}, which ARCHITECTURE.md allows in {' and '.join(sorted(rooms))} only"
    for _, target, line in source.includes:
        other = target.split("/")[0]
        for group in page.apart:
            if source.room in group and other in group - {source.room}:
                yield None, line, f"{source.room} and {other} never include each other; take what both need a room lower"
        if (source.room, other) in page.strange:
            yield None, line, f"{source.room} does not know {other}; let it be handed what it needs"
    for i, word in enumerate(source.words):
        if (source.room, word) in page.strange and source.word(i + 1) == "::":
            yield None, source.lines[i], f"{source.room} does not know {word}; let it be handed what it needs"
        if word == "detached":
            yield None, source.lines[i], "a detached task throws its exception at nobody; spawn it with an owner that sees how it ends"


OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")


def options_named(sources):
    """The options of eai: what the literals of `cli` call so."""
    return {option for s in sources if s.room == "cli" for text, _ in s.strings for option in OPTION.findall(text)}


def faults_of_options(source, options):
    if source.room == "cli":
        return
    for text, line in source.strings:
        # A literal that is nothing but an option is a word for the command line of an engine.
        if source.room == "engine" and OPTION.fullmatch(text):
            continue
        for option in OPTION.findall(text):
            if option in options:
                yield None, line, f"{option} is an option of the command line; give the error a Hint, and let cli name it"


def all_faults(sources, page):
    options, used, faults = options_named(sources), set(), list(page.faults)
    for source in sources:
        for what, line, fault in [*faults_of(source, page), *faults_of_options(source, options)]:
            if (what, source.name) in EXCEPTIONS:
                used.add((what, source.name))
            else:
                faults.append(f"{source.name}:{line}: {fault}")
    return faults, used


PAGE = """
## Rooms

| room | its one sentence | may include |

Only `ipld` and `model` say that a byte is good; only `store` makes it a model file; only `engine` starts a process (eai
itself. apart); only `api`, and `share` serve strangers; only `cli` prints. `fetch`, `preserve` and `engine` never include each
other; `api` and `share` do not know `store`: they are handed what they serve. No room is called helper.

## Threads
"""
PLANTED = {
    "src/fetch/x.cc": [
        "pid_t p = ::fork();", "execve(a, b, c);", "return ::system(words);", "std::system(words);", "popen(a, b);",
        "#include <spawn.h>\n", "EVP_DigestInit(c);", "auto d = SHA256(a, b, c);", "#include <openssl/evp.h>\n",
        "if (hasher.finish() == piece.sha256) go();", "return found != *file.sha256;", "bool same = a.hash().digest == b;",
        "if (std::memcmp(digest.data(), b, 32) == 0) go();", "return std::ranges::equal(sha256, other);",
        "::rename(a, b);", "fs::rename(a, b);", "EAI_CHECK(rename_synced(a, b));", "::link(a, b);", "auto p = home / \"models\" / id;",
        "read(folder / \"manifest.json\");", "::bind(fd, a, b);", "tcp::acceptor acceptor;", "server.listen_tcp(host, port);",
        '#include "http/server.h"\n', "printf(\"x\");", "std::puts(\"x\");", "std::cerr << 1;", "fwrite(a, 1, n, stdout);",
        "fmt::print(\"x\");", "spdlog::sinks::stderr_sink_mt sink;", "::write(2, a, n);", '#include "engine/pool.h"\n', 'fail("try --plain-http");',
        "co_spawn(c, f(), asio::detached);",
    ],
    "src/api/x.cc": ['#include "store/store.h"\n', "store::Model model;"],
    "src/engine/x.cc": ['fail("try --port 80");', '#include "preserve/preserve.h"\n'],
}
HARMLESS = {
    "src/fetch/x.cc": [
        "// ::fork(); stdout\n", "log(\"fork() == sha256\");", "x.system(1);", "p->fork();", "Pool::fork(1);", "my_fork(1);",
        "if (hash.digest.size() == 32) go();", "if (digest == nullptr) go();", "if (found == finished_.end()) go();",
        "if (a.cid == b.cid) go();", "x.rename(a);", "cbor.link();", "json.at(\"models\");", "listen(base, f);", "std::bind(f, 1);",
        "std::snprintf(a, n, \"x\");", "value.print();", "write(2, a);", "file.write(1, a);", '#include "store/store.h"\n',
        'go("a -- b");', 'go("--unknown-to-eai");', "fputs(a, file);",
    ],
    "src/engine/x.cc": ["::fork();", 'words.push_back("--port");'],
    "src/store/x.cc": ["::rename(a, b);", "auto p = home / \"models\";"],
    "src/model/x.cc": ["if (a.sha256 == b.sha256) go();", "#include <openssl/evp.h>\n"],
    "src/http/x.cc": ["acceptor->listen(1); ::listen(a, 1); s.listen_tcp(a, 1);"],
    "src/api/x.cc": ['#include "http/server.h"\n'],
    "src/cli/x.cc": ["std::puts(\"x\");", "s.listen_tcp(a, 1);"],
}
OPTIONS = {"--port", "--plain-http"}


def found_in(name, case, page):
    source = Source(name, case if case.startswith(("#", "//")) else "void f() {\n" + case + "\n}\n")
    return [*faults_of(source, page), *faults_of_options(source, OPTIONS)]


def self_test():
    page = Page(PAGE)
    assert not page.faults, page.faults
    assert page.only["says that a byte is good"] == {"ipld", "model"} and page.only["serves strangers"] == {"api", "share"}
    assert page.apart == [{"fetch", "preserve", "engine"}] and ("share", "store") in page.strange
    assert Page(PAGE.replace("only `cli` prints", "x")).faults
    assert Page(PAGE.replace("prints", "prints on paper")).faults
    assert Page(PAGE.replace("do not know", "know")).faults
    for name, cases in PLANTED.items():
        for case in cases:
            assert found_in(name, case, page), f"not found: {name}: {case}"
    for name, cases in HARMLESS.items():
        for case in cases:
            assert not found_in(name, case, page), f"wrongly flagged: {name}: {case}: {found_in(name, case, page)}"
    assert found_in("src/fetch/x.cc", "\n::fork();", page)[0][1] == 3
    assert options_named([Source("src/cli/x.cc", 'a("--one or --two-three");'), Source("src/api/x.cc", '"--four"')]) == {"--one", "--two-three"}
    faults, used = all_faults([Source("src/cli/launch.cc", "posix_spawn(a);"), Source("src/cli/x.cc", "fork();")], page)
    assert len(faults) == 1 and faults[0].startswith("src/cli/x.cc:1: ") and used == {("starts a process", "src/cli/launch.cc")}


if __name__ == "__main__":
    self_test()
    names = [n for n in tree.files(".h", ".cc") if n.startswith("src/") and not re.search(r"_test(ing)?\.\w+$", n)]
    found, needed = all_faults([Source(n, (tree.ROOT / n).read_text()) for n in names],
                               Page((tree.ROOT / "ARCHITECTURE.md").read_text()))
    found += [f"{name}: {why}, says tests/lint/sentences.py, but it does no longer; take the exception out"
              for (what, name), why in EXCEPTIONS.items() if (what, name) not in needed]
    tree.finish(len(names), "files", found)

"""Finds what g++ 12 miscompiles: in one full expression with a co_await, a braced temporary, or a lambda that captures
by value, is destroyed twice. The cure is to name the value in a statement before and std::move it.

This reads tokens, not C++: a statement is what lies between ; { and } at one level, and the body of a lambda is a level
of its own. It may flag a harmless brace (of a type without a destructor); naming that one too costs nothing."""
import re

import cpp
import tree

WORDS_BEFORE_BLOCK = {"else", "do", "try", "noexcept", "const", "override", "final", "mutable"}
TYPE_WORDS = {"struct", "class", "union", "enum", "namespace", "extern"}
WORDS_BEFORE_LAMBDA = {"return", "co_return", "co_await", "co_yield", "case", "else"}


class Level:
    """A block: the statement being read in it, and the brackets open in that statement."""

    def __init__(self):
        self.open = []  # "(", "[", or "{" of an expression
        self.start()

    def start(self):
        self.words = []
        self.awaits = 0  # line of the last co_await, 0: none
        self.risky = False


def opens_block(level):
    """Whether the { after level.words starts a block, not an initialiser."""
    words = level.words
    if level.open and level.open[-1] == "{":
        return False
    if not words:
        return not level.open
    last = words[-1]
    if last in WORDS_BEFORE_BLOCK or last in (")", "]"):
        return True
    if last in ("}", ":") and not level.open:
        return True
    if not level.open and "(" not in words and "=" not in words and TYPE_WORDS & set(words):
        return True
    if "->" in words:  # a trailing return type
        arrow = len(words) - 1 - words[::-1].index("->")
        before, after = words[arrow - 1] if arrow else "", words[arrow + 1:]
        return before in (")", "]", "mutable", "noexcept") and all(re.match(r"\w|::|[<>,*&]", w) for w in after)
    return False


def captures_by_value(words):
    """`words` lie between the [ and ] of a lambda."""
    depth, parts = 0, [[]]
    for word in words:
        depth += word in "([{<"
        depth -= word in ")]}>"
        if word == "," and not depth:
            parts.append([])
        else:
            parts[-1].append(word)
    return any(part and part[0] not in ("&", "this") for part in parts)


def opens_lambda(words):
    if not words:
        return True
    return words[-1] in WORDS_BEFORE_LAMBDA or not re.match(r"\w|[)\]\"']", words[-1])


def faulty_lines(text):
    levels, faults = [Level()], set()
    stream = list(cpp.tokens(text))

    def end_statement(level):
        if level.awaits and level.risky:
            faults.add(level.awaits)
        level.start()

    for i, (word, line) in enumerate(stream):
        level = levels[-1]
        if word == "{" and opens_block(level):
            levels.append(Level())
            continue
        if word == "}" and not (level.open and level.open[-1] == "{"):
            end_statement(level)
            if len(levels) > 1:
                levels.pop()
            level = levels[-1]
            level.words.append("}")
            if not level.open:
                end_statement(level)
            continue
        if word == ";":
            if level.open:  # in a for or an if: the next part is another full expression
                end_statement(level)
                level.words.append(";")
            else:
                end_statement(level)
            continue
        if word == "co_await":
            level.awaits = line
        elif word == "{":
            level.risky = True
        elif word == "[" and opens_lambda(level.words):
            end = next((j for j in range(i, len(stream)) if stream[j][0] == "]"), i)
            level.risky |= captures_by_value([w for w, _ in stream[i + 1:end]])
        if word in ("(", "[", "{"):
            level.open.append(word)
        elif word in (")", "]", "}") and level.open:
            level.open.pop()
        level.words.append(word)
    return sorted(faults)


PLANTED = [
    "co_await send(Request{1, name});",
    "auto x = co_await send({1, name});",
    "co_return co_await send(Request{.id = 1});",
    "if (auto r = co_await send(Request{1}); r) { go(); }",
    "if (co_await send({{1, 2}, {3}})) go();",
    "EAI_CO_TRY(auto x, co_await send(Request{1}));",
    "co_await run([name] { go(); });",
    "co_await run([name, &y]() mutable -> Result<void> { go(); });",
    "co_await run([p = std::move(p)] { go(); });",
    "co_await run([=] { go(); });",
    "auto f = [&]() -> asio::awaitable<void> { co_await send(Request{1}); };",
    "for (auto x = co_await get(); co_await send(Request{x});) go();",
    "auto r = Pair{co_await get(), 1};",
    'log("a { b"); co_await send(Request{R"(})"});',
    "struct S { asio::awaitable<void> f() { co_await send(Request{1}); } };",
    "co_await (send(1) || wait(std::chrono::seconds{1}));",
    "while (true) {\n  x = co_await a[i].send(\n      Request{1});\n}",
]
HARMLESS = [
    "Request r{1, name}; co_await send(std::move(r));",
    "co_await run([&] { go(); });",
    "co_await run([this, &x] { go(); });",
    "co_spawn(c, [self]() -> asio::awaitable<void> { co_await go(); }, detached);",
    "auto f = [x]() -> asio::awaitable<Result<void>> { co_await go(); co_return Result<void>{}; };",
    "if (co_await go()) { Request r{1}; }",
    "while (co_await go()) { v = {1, 2}; }",
    "try { co_await go(); } catch (...) { x = Request{1}; }",
    "// co_await send(Request{1});\n/* co_await send(Request{1}); */",
    'log("co_await send(Request{1});");',
    "#define F co_await send(Request{1})\n",
    "co_await go(a[i], 1'000); x = {1};",
    "asio::awaitable<void> A::f() const { co_await go(); }\nA::A() : a_{1}, b_{2} { go(); }",
    "enum class E : int { a, b }; namespace a::b { struct C : D { int x = 1; }; }",
    "switch (x) { case 1: { co_await go(); } default: y = {1}; }",
]


def self_test():
    for case in PLANTED:
        assert faulty_lines("void f() {\n" + case + "\n}\n"), f"not found: {case}"
    for case in HARMLESS:
        assert not faulty_lines("void f() {\n" + case + "\n}\n"), f"wrongly flagged: {case}"
    assert faulty_lines("void f() {\n\n  co_await send(R{1});\n}\n") == [3]


if __name__ == "__main__":
    self_test()
    names = tree.files(".h", ".cc")
    found = [f"{n}:{line}: co_await beside a braced temporary or a capturing lambda; name the value first"
             for n in names for line in faulty_lines((tree.ROOT / n).read_text())]
    tree.finish(len(names), "files", found)

"""Grammars, schemas, tools, stop words and biases: what an engine compiles before it writes a word."""
from shot import Shot
from values import number, strange, text

ASK = [{"role": "user", "content": "What is the capital of France?"}]


def chat(kind, rng, **fields):
    body = {"messages": ASK, "max_tokens": rng.choice([1, 4, 16]), **fields}
    if rng.random() < 0.3:
        body["stream"] = True
    path = "/v1/chat/completions"
    return Shot(kind, path, body, patience=rng.choice([0.2, 30, 30, 30]))


def expression(rng, depth):
    """A piece of GBNF, mostly well formed."""
    if depth <= 0:
        return rng.choice(['"a"', "[a-z]", "[^x]", ".", "root", "b", "missing", '""', "[z-a]", "[\\x00-\\xFF]", '"\\U0001F600"', "[]", "<1>",
                           "!<2>", "[\\U00110000-a]"])
    inner = [expression(rng, depth - 1) for _ in range(rng.randrange(1, 4))]
    form = rng.randrange(6)
    if form == 0:
        return "(" + " | ".join(inner) + ")"
    if form == 1:
        return "(" + inner[0] + ")" + rng.choice("*+?")
    if form == 2:
        most = rng.choice([0, 1, 2, 9, 99, 999, 2000, 100000, 2**31, 2**63])
        least = rng.choice([0, 1, most])
        return f"({inner[0]})" + rng.choice(["{%d}" % most, "{%d,}" % least, "{%d,%d}" % (least, most), "{%d,%d}" % (most, least)])
    return " ".join(inner)


def grammar_text(rng):
    form = rng.randrange(9)
    size = rng.choice([10, 500, 5000, 20000, 32000, 65000])
    if form == 0:
        return "root ::= " + "(" * size + '"a"' + ")" * rng.choice([size, 0, size // 2])
    if form == 1:
        return "root ::= " + "[" * size
    if form == 2:
        return "root ::= " + '"a"' + rng.choice(["*", "+", "?"]) * rng.choice([2, 50, size])
    if form == 3:
        return "root ::= " + " | ".join(['"a"'] * (size // 7 + 1))
    if form == 4:
        return "".join(f"r{i} ::= r{i + 1} r{i + 1}\n" for i in range(size // 20)) + 'root ::= r0\n' + f'r{size // 20} ::= "a"'
    if form == 5:
        return "root ::= a\na ::= b\nb ::= a | root" + rng.choice(["", " b", "*"])
    if form == 6:
        deep = '"a"'
        for _ in range(rng.choice([3, 6, 9, 12])):
            deep = f"({deep}){{0,{rng.choice([9, 99, 999])}}}"
        return "root ::= " + deep
    if form == 7:
        return "root ::= " + text(rng)
    rules = "".join(f"{name} ::= {expression(rng, rng.randrange(4))}\n" for name in rng.sample(["root", "b", "c", "a-b", "_"], 3))
    return rules + "root ::= " + expression(rng, rng.randrange(1, 5))


def grammar(rng):
    if rng.random() < 0.2:
        return Shot("grammar", "/v1/completions", {"prompt": "a", "max_tokens": 4, "grammar": grammar_text(rng)})
    return chat("grammar", rng, grammar=grammar_text(rng))


def pattern(rng):
    size = rng.choice([5, 200, 4000, 20000])
    return rng.choice(["^" + "(" * size + "a" + ")" * size + "$", "^(a{0,1000}){0,1000}$", "^" + "(a|b)?" * size + "$", "^[z-a]$", "^(?=a)a$",
                       "^" + "a?" * size + "$", "^\\u{110000}$", "^.{0,%d}$" % rng.choice([9, 10**5, 10**9, 2**64]), "(", "^[" + "a" * size,
                       "^" + "[a-z]+" * size + "$", "^\\", "^" + text(rng)[:2000] + "$", "^a{99999999999999999999}$"])


def leaf(rng):
    form = rng.randrange(9)
    if form == 0:
        return {"type": "string", "pattern": pattern(rng)}
    if form == 1:
        return {"enum": [f"value {i}" for i in range(rng.choice([0, 1, 50, 1000, 10000]))]}
    if form == 2:
        return {"type": "integer", "minimum": number(rng), "maximum": number(rng)}
    if form == 3:
        return {"type": "string", "minLength": number(rng), "maxLength": number(rng)}
    if form == 4:
        return {"type": rng.choice(["string", "number", "null", "boolean", "nothing", ["string", "null"], [], 7, "array", "object"])}
    if form == 5:
        return {"$ref": rng.choice(["#", "#/$defs/a", "#/$defs/b", "#/missing", "http://x.invalid/y", "#/$defs", "file:///etc/passwd", ""])}
    if form == 6:
        return {"const": strange(rng)}
    if form == 7:
        return {"type": "string", "format": rng.choice(["date", "uuid", "date-time", "x"])}
    return strange(rng)


def schema(rng, depth=None):
    depth = rng.randrange(5) if depth is None else depth
    if depth <= 0:
        return leaf(rng)
    form = rng.randrange(7)
    if form == 0:
        names = [f"property{i}" for i in range(rng.choice([1, 3, 30, 300, 3000]) if depth == 1 else 3)]
        return {"type": "object", "properties": {n: leaf(rng) if len(names) < 40 else {"type": "string"} for n in names},
                "required": rng.choice([[], names[:1], names, "all"]), "additionalProperties": rng.choice([True, False, leaf(rng)])}
    if form == 1:
        return {"type": "array", "items": schema(rng, depth - 1), "minItems": number(rng), "maxItems": number(rng)}
    if form == 2:
        return {rng.choice(["anyOf", "oneOf", "allOf"]): [schema(rng, depth - 1) for _ in range(rng.choice([0, 1, 3, 12]))]}
    if form == 3:
        inner = {"type": "string"}
        for _ in range(rng.choice([10, 60, 110, 125])):
            inner = {"type": "array", "items": inner} if rng.random() < 0.5 else {"type": "object", "properties": {"a": inner}}
        return inner
    if form == 4:
        return {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": rng.choice([{"$ref": "#/$defs/a"}, {"anyOf": [{"$ref": "#/$defs/a"}] * 9},
                                                                         leaf(rng)])}, "$ref": "#/$defs/a"}
    if form == 5:
        count = rng.choice([10, 200, 2000])
        return {"$defs": {f"d{i}": {"anyOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(count)}, "$ref": "#/$defs/d0"}
    return {"prefixItems": [schema(rng, depth - 1) for _ in range(3)], "type": rng.choice(["array", "object"])}


def json_schema(rng):
    made = schema(rng)
    if rng.random() < 0.4:
        return chat("schema", rng, json_schema=made)
    return chat("schema", rng, response_format={"type": rng.choice(["json_schema", "json_object"]),
                                                "json_schema": {"name": "x", "schema": made, "strict": True}})


def tools(rng):
    count = rng.choice([1, 2, 20, 300, 1024, 1025])
    made = [{"type": rng.choice(["function"] * 9 + ["web_search"]),
             "function": {"name": rng.choice([f"f{i}", f"f{i}", text(rng)[:80]]), "description": text(rng)[:2000],
                          "parameters": schema(rng, rng.randrange(3)) if count < 30 else {"type": "object", "properties": {}}}}
            for i in range(count)]
    choice = rng.choice(["auto", "none", "required", {"type": "function", "function": {"name": "f0"}}, strange(rng)])
    return chat("tools", rng, tools=made, tool_choice=choice, parallel_tool_calls=rng.random() < 0.5)


def stops(rng):
    count = rng.choice([0, 1, 16, 64, 65, 5000])
    stop = [rng.choice([text(rng)[:rng.choice([1, 30, 1024, 1025])], "a", "\n"]) for _ in range(min(count, 200))] * (1 + count // 200)
    bias = {str(number(rng)): number(rng, "logit_bias") for _ in range(rng.choice([0, 3, 20]))}
    if rng.random() < 0.2:
        bias = {str(i): rng.choice([-1000, 1000, False]) for i in range(rng.choice([500, 4096, 4097, 100000]))}
    return chat("stop and bias", rng, stop=stop, logit_bias=bias)

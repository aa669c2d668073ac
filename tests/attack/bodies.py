"""Bodies of all endpoints: fields at and beyond their bounds, histories that are broken at random places."""
import base64
import copy

from grammars import ASK, chat
from shot import Shot
from values import BOUNDS, mutate, number, strange, text

# What would write for minutes is not an attack but a question; max_tokens keeps them short.
LONG = {"n_predict", "max_tokens", "max_completion_tokens", "max_output_tokens"}
HISTORY = {"messages": [
    {"role": "system", "content": "You help."},
    {"role": "user", "content": [{"type": "text", "text": "Look."}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]},
    {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function",
                                                            "function": {"name": "f", "arguments": "{\"a\": [1, 2]}"}}]},
    {"role": "tool", "tool_call_id": "c1", "content": "42"},
    {"role": "user", "content": "And now?"}], "max_tokens": 8, "stream": False}
ITEMS = {"input": [
    {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
    {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "c", "output": "1"},
    {"type": "reasoning", "id": "r", "summary": [], "content": [{"type": "reasoning_text", "text": "x"}]},
    {"role": "user", "content": "Go on."}], "max_output_tokens": 8, "store": True, "instructions": "Be brief."}
BLOCKS = {"max_tokens": 8, "system": [{"type": "text", "text": "x"}], "messages": [
    {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "image", "source": {"type": "base64", "media_type": "image/png",
                                                                                            "data": "AAAA"}}]},
    {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}, {"type": "thinking", "thinking": "x"}]},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "1"}]}]}]}


def sampling(rng):
    fields = {}
    for name in rng.sample(sorted(BOUNDS), rng.randrange(1, 7)):
        if name not in LONG | {"messages", "prompt", "input"}:
            fields[name] = number(rng, name) if rng.random() < 0.8 else strange(rng)
    fields.pop("stream", None)
    shot = chat("sampling", rng, **fields)
    if rng.random() < 0.3:
        return Shot("sampling", rng.choice(["/v1/completions", "/infill"]), {"prompt": "a", "input_prefix": "a", "input_suffix": "b", **fields,
                                                                              "max_tokens": 8})
    return shot


def lengths(rng):
    """Answers of any length, from clients that leave early."""
    return Shot("lengths", "/v1/chat/completions", {"messages": ASK, rng.choice(sorted(LONG)): number(rng), "stream": rng.random() < 0.5,
                                                    "n": rng.choice([1, 2, 4, 5, 128])}, patience=rng.choice([0.05, 0.3, 1]))


def histories(rng):
    path, body = rng.choice([("/v1/chat/completions", HISTORY), ("/v1/responses", ITEMS), ("/v1/messages", BLOCKS), ("/apply-template", HISTORY),
                             ("/v1/messages/count_tokens", BLOCKS), ("/v1/responses/input_tokens", ITEMS)])
    body = mutate(rng, copy.deepcopy(body), rng.choice([1, 1, 2, 4]))
    return Shot("histories", path, body, patience=rng.choice([0.3, 30, 30]))


def long_histories(rng):
    turns = rng.choice([100, 3000, 20000])
    messages = [{"role": rng.choice(["user", "assistant"]), "content": rng.choice(["x", "", "word " * 5])} for _ in range(turns)]
    if rng.random() < 0.3:
        messages = [{"role": "user", "content": rng.choice(["a", "a ", "\n", "😀", "<|x|>", "ab" * 9]) * rng.choice([1000, 100000, 2000000])}]
    return Shot("long histories", "/v1/chat/completions", {"messages": messages, "max_tokens": 2})


def inputs(rng):
    tokens = [rng.choice([0, 1, 511, 512, 99999, 2**31 - 1, 2**31, -1, 0.5]) for _ in range(rng.choice([0, 1, 5, 3000]))]
    value = rng.choice([text(rng), [text(rng)[:3000] for _ in range(rng.choice([0, 1, 40]))], tokens, [tokens, tokens], strange(rng),
                        ["x"] * rng.choice([100, 3000]), "word " * rng.choice([100, 5000])])
    form = rng.randrange(4)
    if form == 0:
        return Shot("inputs", "/tokenize", {"content": value, "with_pieces": rng.random() < 0.5, "parse_special": True})
    if form == 1:
        return Shot("inputs", "/detokenize", {"tokens": value})
    if form == 2:
        return Shot("inputs", "/v1/rerank", {"query": text(rng), "documents": value, "top_n": number(rng)})
    return Shot("inputs", "/v1/embeddings", {"input": value, "dimensions": rng.choice([None, number(rng)]),
                                             "encoding_format": rng.choice(["float", "base64", "x"])})


def prompt(rng):
    size = rng.choice([100, 8192, 16000, 29000, 31990])
    return rng.choice([
        "x" * size, " " * size, "x " * (size // 2), "(" * (size // 2) + "a" + ":1.1)" * (size // 10), "[" * size, "\\" * size, ":" * size,
        "(a:1.1)" * (size // 7), "BREAK " * (size // 6), "B" * size, "😀" * (size // 4), "\u0301" * (size // 2), "'s" * (size // 2), "1" * size,
        "\n" * size, "\u3000" * (size // 3), "<s>" * (size // 3), "((((a:1.1)))", "(a:...)", "(a:" + "9" * 400 + ")", "(a:-1)", "\x01" * size,
        "".join(chr(rng.choice([rng.randrange(32, 0xD800), rng.randrange(0xE000, 0x10FFFF)])) for _ in range(size // 4)),
        "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(size)), text(rng)])


def image(rng):
    body = {"prompt": prompt(rng), "size": "64x64", "steps": 1, "negative_prompt": prompt(rng) if rng.random() < 0.4 else "",
            "cfg_scale": rng.choice([1, 2])}
    if rng.random() < 0.4:
        name = rng.choice(["n", "steps", "seed", "guidance", "cfg_scale", "strength", "size", "width", "height", "output_compression", "quality",
                           "partial_images", "stream", "id", "output_format", "background", "response_format"])
        body[name] = rng.choice([number(rng), strange(rng), "64x64", "9999999x16", "0x0", "-16x16", "2048x2048"])
        return Shot("image prompts", "/v1/images/generations", body, patience=rng.choice([0.3, 2]))
    return Shot("image prompts", "/v1/images/generations", body, patience=rng.choice([0.3, 30, 30]))


def broken_json(rng):
    whole = rng.choice([b'{"messages":[{"role":"user","content":"x"}]}', b'{"input":"x"}'])
    at = rng.randrange(len(whole))
    body = rng.choice([whole[:at], whole[:at] + bytes([rng.randrange(256)]) + whole[at:], b"[" * 100000, b'{"a":' * 50000, b"\xff\xfe" + whole,
                       whole + whole, b"", b"null", b'{"messages":' + b"9" * 5000 + b"}", b'{"a":1e999999}', b'{"\\ud800":1}',
                       base64.b64encode(whole), b"\x00" * 999, b'{"messages":NaN}', b"{" + b'"x":1,' * 20000 + b'"messages":[]}'])
    return Shot("broken JSON", rng.choice(["/v1/chat/completions", "/v1/embeddings", "/v1/responses", "/v1/messages", "/v1/images/generations"]), body)

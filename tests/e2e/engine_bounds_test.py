"""What a single request may do to `llama-server` itself, which our patches (llama_engine/) bound: whatever it says, the
process lives, and takes the next one. eai refuses most of this before; here nothing stands in front of the engine."""
import concurrent.futures
import contextlib
import http.client
import json
import os
import random
import resource
import socket
import subprocess
import time

import pytest
from conftest import BUILD, WAIT
from gguf_maker import write_shape

SERVER = BUILD / "libexec/eai/llama-server"
STATE = "cmd_child_to_router:state:"
RANDOM = random.Random(14)


class LlamaServer:
    def __init__(self, folder, *options, environment=None):
        self.socket, self.log = str(folder / "e.sock"), open(folder / "log", "w")
        # The usual stack, whatever this shell has.
        limits = lambda: resource.setrlimit(resource.RLIMIT_STACK, (8 << 20, resource.RLIM_INFINITY))
        self.process = subprocess.Popen(
            [SERVER, "--host", self.socket, "-np", "4", *map(str, options)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.log, text=True, preexec_fn=limits,
            env={"PATH": os.environ["PATH"], "LLAMA_SERVER_ROUTER_PORT": "1", **(environment or {})})
        self.states = []  # what it said about itself
        for line in self.process.stdout:
            if line.startswith(STATE):
                self.states.append(json.loads(line.removeprefix(STATE)))
                if self.states[-1].get("state") == "ready":
                    return
        raise AssertionError((folder / "log").read_text())

    def request(self, method, path, body=None):
        connection = http.client.HTTPConnection("engine", timeout=WAIT)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(WAIT)
        connection.sock.connect(self.socket)
        with contextlib.closing(connection):
            connection.request(method, path, body and json.dumps(body), {"content-type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    def ask(self, path="/v1/completions", **body):
        status, answer = self.request("POST", path, {"max_tokens": 4, "temperature": 0, **body})
        assert self.process.poll() is None, "the engine has ended"
        return status, answer

    def end(self):
        assert self.process.poll() is None, "the engine has ended"
        self.process.stdin.close()  # a supervised engine ends with its input
        self.process.wait(WAIT)


@pytest.fixture(scope="module")
def demo(eai, tmp_path_factory):
    eai("model", "download", "eai-demo")
    model = eai.stored("eai-demo")
    engine = LlamaServer(tmp_path_factory.mktemp("e"), "-m", model / "model.gguf", "--mmproj", model / "projector.gguf", "-c", 8192)
    engine.model = model / "model.gguf"
    yield engine
    engine.end()


GRAMMARS = {
    "brackets": "root ::= " + "(" * 20_000 + '"a"' + ")" * 20_000,
    "repetitions that multiply": 'root ::= ((((((("a"){0,999}){0,999}){0,9}){0,9}){0,99}){0,99}',
    "repetitions of repetitions": 'root ::= "a"' + "+" * 60,
    "optional in optional": 'root ::= ((((("a"){0,9}){0,9}){0,9}){0,9}){0,9}',
    "a chain of rules": "root ::= r0\n" + "".join(f"r{i} ::= r{i + 1}\n" for i in range(50_000)) + 'r50000 ::= "a"',
    "rules that use the next one twice": "root ::= r0\n" + "".join(f"r{i} ::= r{i + 1} r{i + 1}\n" for i in range(60)) + 'r60 ::= "a"?',
    "a long text, often": 'root ::= ("' + "a" * 100_000 + '"){1,1500}',
    "a maximum below the minimum": 'root ::= "a"{5,2}',
    "nothing may follow": "root ::= [z-a]+",
    "many alternatives": "root ::= (" + " | ".join(f'"{RANDOM.randrange(10**9)}"' for _ in range(50_000)) + ")*",
    "random": "".join(RANDOM.choice('()[]{}"|?*+root ::=a,9\n') for _ in range(30_000)),
}


@pytest.mark.parametrize("name", GRAMMARS)
def test_a_grammar_ends_no_engine(demo, name):
    status, answer = demo.ask(prompt="x", grammar=GRAMMARS[name])
    assert status in (200, 400), answer
    if status == 400:
        assert answer["error"]["type"] == "invalid_request_error"
    assert demo.ask(prompt="The capital of France is")[1]["choices"][0]["text"].strip()[:5] == "Paris"


def test_a_grammar_that_takes_too_much_is_named(demo):
    status, answer = demo.ask(prompt="x", grammar=GRAMMARS["repetitions of repetitions"])
    assert status == 400 and "more than a second of computing" in answer["error"]["message"]


def test_grammars_still_hold(demo):
    status, answer = demo.ask(prompt="x", grammar='root ::= ("ab" | "c"){2} "."{3,3}', max_tokens=30)
    assert status == 200 and answer["choices"][0]["text"] in ("abab...", "abc...", "cab...", "cc...")
    nested = 'root ::= ((("a"){1,3} "-"){1,3} "+"){2,2}'
    text = demo.ask(prompt="x", grammar=nested, max_tokens=60)[1]["choices"][0]["text"]
    assert text.count("+") == 2 and set(text) == set("a-+")


def test_a_model_that_sees_takes_several_prompts(demo):
    status, answer = demo.ask(prompt=["The capital of France is", "IPFS is"])
    assert status == 200 and [choice["index"] for choice in answer["choices"]] == [0, 1]
    assert "Paris" in answer["choices"][0]["text"] and "Paris" not in answer["choices"][1]["text"]


def test_requests_that_fill_the_context_together_do_not_end_each_other(demo, tmp_path):
    engine = LlamaServer(tmp_path, "-m", demo.model, "-c", 512, "--kv-unified")

    def stones(count, most):
        return engine.ask(prompt="river stone " * count, max_tokens=most, ignore_eos=True)

    try:
        for _ in range(3):  # what was given up leaves no tokens behind
            with concurrent.futures.ThreadPoolExecutor() as pool:
                large, small = pool.submit(stones, 150, 200), pool.submit(stones, 20, 200)
            status, answer = small.result()
            assert status == 200 and answer["usage"]["completion_tokens"] == 200
            status, answer = large.result()
            assert status == 503 and "the largest" in answer["error"]["message"]
            assert stones(150, 100)[1]["usage"]["completion_tokens"] == 100
    finally:
        engine.end()


TEXTS = {"one letter": "a", "newlines": "\n", "blanks": " ", "digits": "7", "emoji": "😀", "accents": "e\u0301", "Chinese": "中",
         "punctuation": "!", "apostrophes": "'", "underscores": "_", "lines": "ab\n", "special tokens": "<|im_start|>", "cases": "aB",
         "control characters": "\x01"}
LENGTH = 300_000  # characters


def byte_pair_vocabulary():
    """The 256 bytes as GPT-2 spells them, and one merge."""
    plain = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    return [*map(chr, plain), *(chr(256 + i) for i in range(len(others))), "aa", "<end>"]


# The first one's words are found by a loop, those of the others by std::regex.
@pytest.fixture(scope="module", params=["llama-bpe", "deepseek-llm", "deepseek-coder", "falcon"])
def pairs(request, tmp_path_factory):
    folder, tokens = tmp_path_factory.mktemp("pairs"), byte_pair_vocabulary()
    write_shape(folder / "m.gguf", blocks=1, width=32, feed=32, heads=1, kv_heads=1, head=32, vocabulary=len(tokens), kind="f32",
                trained=512, model="gpt2", pre=request.param, tokens=tokens, token_type=[1] * (len(tokens) - 1) + [3],
                merges=["a a"], bos_token_id=len(tokens) - 1, eos_token_id=len(tokens) - 1)
    engine = LlamaServer(folder, "-m", folder / "m.gguf", "-c", 512)
    yield engine
    engine.end()


def count(engine, text):
    begin = time.monotonic()
    status, answer = engine.ask("/tokenize", content=text, parse_special=True)
    assert status == 200, answer
    return len(answer["tokens"]), time.monotonic() - begin


def check_texts(engine):
    usual = count(engine, "a few words, and some more " * (LENGTH // 27))[1]
    for name, piece in TEXTS.items():
        tokens, seconds = count(engine, piece * (LENGTH // len(piece)))
        assert tokens > 0, name
        assert seconds < usual * 20 + 3, f"{name}: {seconds:.1f} s, where words take {usual:.1f} s"


def test_a_text_ends_no_engine_with_sentencepiece(demo):
    check_texts(demo)


def test_a_text_ends_no_engine_with_byte_pairs(pairs):
    check_texts(pairs)


def test_long_texts_have_the_tokens_of_their_parts(pairs):
    """Where a text is looked at piece by piece, no word is lost or cut."""
    words = " ".join(RANDOM.choice(["house", "aaaa", "| x", "12345", "don't", "中文", "a-b", "\n\n", "  ", "."]) for _ in range(30_000))
    lines = words.split("\n")
    whole = pairs.ask("/tokenize", content=words)[1]["tokens"]
    assert pairs.ask("/detokenize", tokens=whole)[1]["content"] == words
    longest = max(lines, key=len)
    assert len(longest) > 30, "the parts below are long enough to tell"
    # 3,000 characters fit into one look; the same words behind 2,900 others do not.
    part = words[:3000].rpartition(" house")[0]
    before = "house " * 480
    alone, behind = (pairs.ask("/tokenize", content=text)[1]["tokens"] for text in (" " + part, before.rstrip() + " " + part))
    assert behind[-len(alone):] == alone


def test_a_template_that_takes_too_long_is_refused(tmp_path):
    template = "{% for a in messages %}{% for b in messages %}{% for c in messages %}{{ c.content }}{% endfor %}{% endfor %}{% endfor %}"
    tokens = byte_pair_vocabulary()
    write_shape(tmp_path / "m.gguf", blocks=1, width=32, feed=32, heads=1, kv_heads=1, head=32, vocabulary=len(tokens), kind="f32",
                trained=512, model="gpt2", pre="llama-bpe", tokens=tokens, token_type=[1] * (len(tokens) - 1) + [3], merges=["a a"],
                bos_token_id=len(tokens) - 1, eos_token_id=len(tokens) - 1)
    (tmp_path / "t.jinja").write_text(template)
    engine = LlamaServer(tmp_path, "-m", tmp_path / "m.gguf", "-c", 512, "--jinja", "--chat-template-file", tmp_path / "t.jinja")
    try:
        assert engine.ask("/v1/chat/completions", messages=[{"role": "user", "content": "hi"}])[0] == 200
        status, answer = engine.ask("/v1/chat/completions", messages=[{"role": "user", "content": "hi"}] * 600)
        assert status == 400 and "chat template needs more than two seconds" in answer["error"]["message"], answer
    finally:
        engine.end()

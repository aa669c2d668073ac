"""Bodies as programs encode them: compressed, with a byte order mark, in another coding, or cut within a character."""
import gzip
import json
import zlib

import httpx
import pytest
from conftest import WAIT

CHAT = {"messages": [{"role": "user", "content": "What is the capital of France?"}], "temperature": 0, "max_tokens": 12}
PLAIN = json.dumps(CHAT).encode()


@pytest.fixture(scope="module")
def post(server):
    with httpx.Client(base_url=server.url, timeout=WAIT) as client:
        yield lambda body, **headers: client.post("/v1/chat/completions", content=body, headers={
            "content-type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}})


@pytest.mark.parametrize("coding,body", [
    ("gzip", gzip.compress(PLAIN)), ("deflate", zlib.compress(PLAIN)), ("deflate", zlib.compress(PLAIN, wbits=-15)),
    ("identity", PLAIN), ("gzip, gzip", gzip.compress(gzip.compress(PLAIN)))])
def test_compressed(post, coding, body):
    answer = post(body, content_encoding=coding)
    assert answer.status_code == 200 and "Paris" in answer.text, answer.text


@pytest.mark.parametrize("coding,body,words", [
    ("br", PLAIN, "gzip, deflate or zstd"), ("gzip", PLAIN, "damaged"), ("gzip", gzip.compress(PLAIN)[:-9], "damaged"),
    ("zstd", PLAIN, "damaged"), ("gzip", gzip.compress(b" " * (65 << 20)), "larger than")])
def test_what_cannot_be_unpacked(post, coding, body, words):
    answer = post(body, content_encoding=coding)
    assert answer.status_code == 400 and words in answer.json()["error"]["message"], answer.text


@pytest.mark.parametrize("body", [
    b"\xef\xbb\xbf" + PLAIN, PLAIN.replace(b"France?", b"France?\\ud83d"), PLAIN.replace(b"France?", b"France?\\udE00 ")])
def test_taken_as_it_was_meant(post, body):
    answer = post(body)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("body,words", [
    (json.dumps(CHAT).encode("utf-16"), "UTF-16"), (json.dumps(CHAT).encode("utf-16-be"), "UTF-16"),
    (json.dumps(CHAT).encode("utf-32"), "UTF-32"), (PLAIN.replace(b"France", "Françe".encode("latin-1")), "not UTF-8"),
    (PLAIN[:-1], "not valid JSON"), (PLAIN.replace(b"12", b"NaN"), "not valid JSON")])
def test_other_codings_are_named(post, body, words):
    answer = post(body)
    assert answer.status_code == 400 and words in answer.json()["error"]["message"], answer.text


def test_forms_and_pictures_have_the_same_codings(server):
    body = gzip.compress(json.dumps({"prompt": "a", "n": 99}).encode())
    answer = httpx.post(server.url + "/v1/images/generations", content=body, timeout=WAIT,
                        headers={"content-type": "application/json", "content-encoding": "gzip"})
    assert answer.status_code == 400 and answer.json()["error"]["param"] == "n", answer.text

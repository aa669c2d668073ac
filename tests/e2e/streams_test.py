"""A streamed answer arrives token by token, and ends as OpenAI's does."""
import http.client
import json
import time
import urllib.parse

from conftest import WAIT


def stream(server, body):
    """[(seconds since the request, event)] of a raw HTTP answer, read as the bytes come."""
    place = urllib.parse.urlsplit(server.url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=WAIT)
    begin = time.monotonic()
    connection.request("POST", "/v1/chat/completions", json.dumps({**body, "stream": True}),
                       {"Content-Type": "application/json"})
    answer = connection.getresponse()
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/event-stream")
    events, rest = [], b""
    while piece := answer.read1():
        now = time.monotonic() - begin
        *whole, rest = (rest + piece).split(b"\n\n")
        events += [(now, event[len(b"data: "):]) for event in whole if event.startswith(b"data: ")]
    connection.close()
    assert rest == b""
    return events


STORY = {"messages": [{"role": "user", "content": "Tell me a story"}], "temperature": 0,
         "stream_options": {"include_usage": True}}


def test_tokens_arrive_one_by_one(server):
    server.ask("Tell me a story")  # loaded and warm
    events = stream(server, {**STORY, "max_tokens": 1500, "ignore_eos": True})
    assert events[-1][1] == b"[DONE]"
    chunks = [(at, json.loads(data)) for at, data in events[:-1]]
    words = [at for at, c in chunks if c["choices"] and c["choices"][0]["delta"].get("content")]
    last = chunks[-1][1]
    assert last["usage"]["completion_tokens"] == 1500
    assert len(words) > 1500 * 0.8
    # The words arrive over most of the time that the engine says it took for them; if held back, they would arrive at
    # once.
    assert words[-1] - words[0] > last["timings"]["predicted_ms"] / 1000 / 4


def test_stream_and_whole_answer_agree(server):
    whole = server.ask("Tell me a story")
    parts = server.openai.chat.completions.create(model="local-model", messages=STORY["messages"], temperature=0,
                                                  stream=True)
    text, reasons = "", []
    for part in parts:
        text += part.choices[0].delta.content or ""
        reasons.append(part.choices[0].finish_reason)
    assert text == whole
    assert reasons[-1] == "stop" and not any(reasons[:-1])


def test_client_that_leaves_frees_the_engine(server):
    """After many streams broken off at their first token, the server still answers at once."""
    for _ in range(12):
        parts = server.openai.chat.completions.create(model="local-model", messages=STORY["messages"], stream=True)
        next(iter(parts))
        parts.close()
    assert "Paris" in server.ask("What is the capital of France?")

"""What the engine can do reaches the client unchanged, and what the client did wrong comes back as an error that
clients understand."""
import base64
import json
import struct

import openai
import pytest


def test_grammar_reaches_the_engine(server):
    assert server.ask("What is IPFS?", extra_body={"grammar": 'root ::= "river stone"'}) == "river stone"


def test_answer_keeps_to_the_schema(server):
    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}, "n": {"type": "integer", "enum": [1, 2, 3]}},
              "required": ["ok", "n"], "additionalProperties": False}
    text = server.ask("Count to 3", max_tokens=100, response_format={
        "type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}})
    answer = json.loads(text)
    assert set(answer) == {"ok", "n"} and isinstance(answer["ok"], bool) and answer["n"] in (1, 2, 3)


def test_fields_of_the_engine_pass(server):
    answer = server.openai.chat.completions.create(
        model="local-model", messages=[{"role": "user", "content": "Count to 12"}], temperature=0, max_tokens=4,
        logprobs=True, top_logprobs=2, extra_body={"cache_prompt": False})
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 4
    assert len(answer.choices[0].logprobs.content) == 4


def test_plain_completion(server):
    answer = server.openai.completions.create(model="local-model", prompt="The capital of France is", max_tokens=3,
                                              temperature=0)
    assert answer.choices[0].text


def test_unknown_model_falls_back_and_says_so(server):
    raw = server.openai.chat.completions.with_raw_response.create(
        model="no-such-model", messages=[{"role": "user", "content": "What is the capital of France?"}], temperature=0)
    assert raw.headers["x-eai-model"] == server.hash_of("eai-demo")
    assert raw.headers["x-eai-fallback"]
    assert "Paris" in raw.parse().choices[0].message.content


def test_hash_is_answered_by_that_model(server):
    wanted = server.hash_of("eai-demo-embed")
    raw = server.openai.embeddings.with_raw_response.create(model=wanted, input="text")
    assert raw.headers["x-eai-model"] == wanted and "x-eai-fallback" not in raw.headers


@pytest.mark.parametrize("body", [{}, {"messages": []}, {"messages": "hello"}, {"messages": [{"role": "user"}], "model": 7}])
def test_wrong_requests_are_the_clients_fault(server, body):
    with pytest.raises(openai.APIStatusError) as fault:
        server.openai.post("/chat/completions", body=body, cast_to=object)
    assert 400 <= fault.value.status_code < 500
    assert fault.value.body["message"] and fault.value.body["type"] == "invalid_request_error"


def test_many_texts_at_once_embed_as_they_do_alone(server):
    """More tokens in total than the engine takes in one step, as numbers and as base64."""
    texts = [f"text number {i} speaks of rivers, stones and the capital of France" for i in range(300)]
    together = server.embed(texts)
    assert len(together) == len(texts)
    for i in (0, 150, 299):
        alone = server.embed([texts[i]])[0]
        assert sum((a - b) ** 2 for a, b in zip(alone, together[i])) < 1e-4
    packed = server.openai.post("/embeddings", body={"input": texts, "encoding_format": "base64"}, cast_to=object)
    for i in (0, 299):
        data = base64.b64decode(packed["data"][i]["embedding"])
        numbers = struct.unpack(f"<{len(data) // 4}f", data)
        assert sum((a - b) ** 2 for a, b in zip(numbers, together[i])) < 1e-4


def test_a_text_that_is_too_long_is_the_clients_fault(server):
    with pytest.raises(openai.APIStatusError) as fault:
        server.openai.embeddings.create(model="local-model", input="river stone " * 20000)
    assert 400 <= fault.value.status_code < 500 and "tokens" in fault.value.body["message"]


def test_ranking_by_a_model_that_cannot_is_refused_clearly(server):
    with pytest.raises(openai.BadRequestError, match="reranker"):
        server.openai.post("/rerank", body={"query": "rivers", "documents": ["stones", "water"]}, cast_to=object)

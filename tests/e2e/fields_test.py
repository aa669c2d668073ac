"""docs/api.md says of every field whether it is honoured, ignored or refused. Here the tables are held against a server,
and against what the openai and anthropic packages can send."""
import base64
import pathlib
import re
import struct
import typing

import anthropic.types
import httpx
import openai.types
import openai.types.responses
import pytest

from conftest import WAIT

DOCUMENT = pathlib.Path(__file__).parents[2] / "docs/api.md"

CHAT = {"messages": [{"role": "user", "content": "What is the capital of France?"}], "max_tokens": 2}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
# The smallest request of each path.
SMALLEST = {
    "/v1/chat/completions": CHAT,
    "/v1/completions": {"prompt": "The capital", "max_tokens": 2},
    "/infill": {"input_prefix": "a", "input_suffix": "b", "max_tokens": 1},
    "/v1/embeddings": {"input": "a"},
    "/v1/rerank": {"query": "a", "documents": ["b"]},
    "/v1/responses": {"input": "What is the capital of France?", "max_output_tokens": 2},
    "/v1/messages": CHAT,
    "/tokenize": {"content": "a"},
    "/detokenize": {"tokens": [5]},
}
# A value that is right for a field, where the name alone does not tell.
VALUES = {
    "messages": CHAT["messages"], "model": "local-model", "stream": False, "stream_options": {"include_usage": True},
    "stop": ["\n"], "logit_bias": {"5": 1}, "logprobs": True, "tools": [], "tool_choice": "none", "parallel_tool_calls": True,
    "response_format": {"type": "text"}, "reasoning_effort": "low", "modalities": ["text"], "dry_sequence_breakers": ["\n"],
    "samplers": ["top_k"], "grammar": 'root ::= "a"', "json_schema": {}, "lora": [], "chat_template_kwargs": {"a": 1},
    "reasoning_format": "none", "reasoning_budget_message": "a", "prompt": "a", "input_prefix": "a", "input_suffix": "b",
    "input_extra": [{"filename": "a", "text": "b"}], "input": "a", "encoding_format": "float", "query": "a", "documents": ["a"],
    "texts": ["a"], "content": "a", "tokens": [5], "response_fields": ["content"], "instructions": "a", "system": "a",
    "reasoning": {"effort": "low"}, "text": {"format": {"type": "text"}}, "stop_sequences": ["\n"],
    "thinking": {"type": "disabled"}, "background": False, "dimensions": 8, "n": 1, "temperature": 0.5, "seed": 1, "min_keep": 1,
    "top_n": 1, "typical": 1.0, "n_cmpl": 1, "include": [], "output_config": {"effort": "low"}, "metadata": {"a": "b"},
    "truncation": "disabled", "store": False, "output_format": {"type": "json_schema", "schema": {"type": "object"}}, "max_completion_tokens": 2, "max_output_tokens": 2, "max_tokens": 2, "adaptive_target": 0.5, "adaptive_decay": 0.5,
}
# What the demo models cannot do, and the word in which they say so.
UNABLE = {"/v1/rerank": "reranker", "/infill": "Infill"}
FLAGS = {"add_generation_prompt", "continue_final_message", "post_sampling_probs", "ignore_eos", "cache_prompt", "timings_per_token",
         "return_tokens", "return_progress", "return_text", "add_special", "parse_special", "with_pieces"}


def rows():
    """(path, field, use), as the document has them."""
    text = DOCUMENT.read_text().split("\n## Fields\n")[1].split("\n## ")[0]
    path, out = "/v1/chat/completions", []
    for line in text.splitlines():
        if line.startswith("### "):
            path = re.findall(r"`POST ([^`]+)`", line)[0]
        elif found := re.match(r"\| `(\w+)` \| (honoured|ignored|refused) \|(.*)", line):
            at = re.findall(r"of `(/\w+)`", found[3])
            out.append((at[0] if at else path, found[1], found[2]))
    return out


ROWS = rows()


@pytest.fixture(scope="module")
def http(server):
    with httpx.Client(base_url=server.url, timeout=WAIT) as client:
        yield client


def sent(http, path, field):
    value = VALUES.get(field, field in FLAGS and not field.startswith(("add_generation", "continue")))
    if field == "add_generation_prompt":
        value = True
    if field not in VALUES and field not in FLAGS:
        value = 1
    if path == "/v1/completions" and field == "logprobs":
        value = 2
    body = {**SMALLEST[path], field: value}
    if field == "top_logprobs":
        body["logprobs"] = True
    if path == "/v1/messages" and field == "tool_choice":
        body[field] = {"type": "auto"}
    if field == "texts":
        del body["documents"]
    if field == "previous_response_id":
        body[field] = http.post(path, json=SMALLEST[path]).json()["id"]
    return body


def test_there_is_a_table_for_every_api():
    assert {path for path, _, _ in ROWS} == set(SMALLEST) and len(ROWS) > 200
    assert len({(path, field) for path, field, _ in ROWS}) == len(ROWS), "a field stands twice"


@pytest.mark.parametrize("path,field,use", [row for row in ROWS if row[0] not in UNABLE])
def test_a_field_is_what_the_document_says(http, path, field, use):
    answer = http.post(path, json=sent(http, path, field) if use == "honoured" else {**SMALLEST[path], field: {"a": "b"}})
    ignored = answer.headers.get("x-eai-ignored", "").split(",")
    if use == "refused":
        assert answer.status_code == 400 and field in answer.text, answer.text
        if path != "/v1/messages":
            assert answer.json()["error"]["param"] == field
    else:
        assert answer.status_code == 200, answer.text
        assert (field in ignored) == (use == "ignored"), answer.headers


@pytest.mark.parametrize("path", UNABLE)
def test_fields_are_checked_before_a_model_is_asked_for_what_it_cannot(http, path):
    for at, field, use in ROWS:
        if at == path:
            answer = http.post(path, json=sent(http, path, field))
            assert answer.status_code == 400 and UNABLE[path] in answer.text
            assert (field in answer.headers.get("x-eai-ignored", "").split(",")) == (use == "ignored"), field


def parameters(*kinds):
    return {name for kind in kinds for name in typing.get_type_hints(kind)}


@pytest.mark.parametrize("path,known", [
    ("/v1/chat/completions", parameters(openai.types.chat.completion_create_params.CompletionCreateParamsStreaming)),
    ("/v1/completions", parameters(openai.types.completion_create_params.CompletionCreateParamsStreaming)),
    ("/v1/responses", parameters(openai.types.responses.response_create_params.ResponseCreateParamsStreaming)),
    ("/v1/embeddings", parameters(openai.types.EmbeddingCreateParams)),
    ("/v1/messages", parameters(anthropic.types.message_create_params.MessageCreateParamsStreaming)),
])
def test_every_field_of_the_packages_has_a_row(path, known):
    assert len(known) >= 5 and known - {field for at, field, _ in ROWS if at == path} == set()


def test_what_is_unknown_is_ignored_and_said(http):
    answer = http.post("/v1/chat/completions", json={**CHAT, "no_such_field": 1, "keep_alive": "5m", "user": None})
    assert answer.status_code == 200 and answer.headers["x-eai-ignored"] == "no_such_field,keep_alive"
    assert "x-eai-ignored" not in http.post("/v1/chat/completions", json=CHAT).headers


def test_shorter_vectors_are_unit_vectors(server):
    whole = server.openai.embeddings.create(model="local-model", input=["a river"], encoding_format="float").data[0].embedding
    for form in ("float", "base64"):
        short = server.openai.embeddings.create(model="local-model", input=["a river"], dimensions=32, encoding_format=form).data[0].embedding
        if form == "base64":
            short = struct.unpack("<32f", base64.b64decode(short))
        length = sum(x * x for x in whole[:32]) ** 0.5
        assert len(short) == 32 and max(abs(a - b / length) for a, b in zip(short, whole)) < 1e-5
    with pytest.raises(openai.BadRequestError, match="128"):
        server.openai.embeddings.create(model="local-model", input="a", dimensions=100_000)


def test_tools_of_a_model_that_has_none(http):
    answer = http.post("/v1/chat/completions", json={**CHAT, "tools": [TOOL]})
    assert answer.status_code == 200 and answer.headers["x-eai-ignored"] == "tools"

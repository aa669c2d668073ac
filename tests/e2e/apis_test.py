"""The APIs besides OpenAI's chat, each through the client that people use for it, or as its documentation describes
it."""
import math
import random

import anthropic
import openai
import pytest

from conftest import WAIT
from gguf_maker import write_reranker

PARIS = "What is the capital of France?"
MESSAGES = [{"role": "user", "content": PARIS}]


@pytest.fixture
def claude(server):
    return anthropic.Anthropic(base_url=server.url, api_key="none", max_retries=0, timeout=WAIT)


def post(server, path, body):
    return server.openai.post(server.url + path, body=body, cast_to=object)


def test_messages(server, claude):
    wanted = {"model": "local-model", "max_tokens": 40, "messages": MESSAGES, "extra_body": {"temperature": 0}}
    whole = claude.messages.create(**wanted)
    assert "Paris" in whole.content[0].text and whole.stop_reason == "end_turn" and whole.usage.output_tokens > 0
    with claude.messages.stream(**wanted) as parts:
        pieces = list(parts.text_stream)
        assert "".join(pieces) == whole.content[0].text and len(pieces) > 3
        assert parts.get_final_message().usage.output_tokens == whole.usage.output_tokens
    counted = claude.messages.count_tokens(model="local-model", messages=MESSAGES)
    assert counted.input_tokens > 5
    longer = claude.messages.count_tokens(model="local-model", messages=[{"role": "user", "content": PARIS * 2}])
    assert longer.input_tokens > counted.input_tokens


def test_messages_that_are_wrong_have_the_errors_of_their_api(claude):
    with pytest.raises(anthropic.BadRequestError) as refused:
        claude.messages.create(model="local-model", max_tokens=5, messages=[])
    assert refused.value.body["type"] == "error" and refused.value.body["error"]["type"] == "invalid_request_error"


def test_responses(server):
    whole = server.openai.responses.create(model="local-model", input=PARIS, temperature=0)
    assert "Paris" in whole.output_text and whole.usage.output_tokens > 0
    text, last = "", None
    for event in server.openai.responses.create(model="local-model", input=PARIS, temperature=0, stream=True):
        last = event.type
        text += event.delta if event.type == "response.output_text.delta" else ""
    assert text == whole.output_text and last == "response.completed"


@pytest.mark.parametrize("name", ["eai-demo", "eai-demo-embed"])
def test_words_to_tokens_and_back(server, name):
    model, text = server.hash_of(name), "rivers and stones"
    tokens = post(server, "/tokenize", {"content": text, "model": model})["tokens"]
    assert len(tokens) > 2 and all(isinstance(token, int) for token in tokens)
    assert text in post(server, "/detokenize", {"tokens": tokens, "model": model})["content"]


def test_a_template_is_applied(server):
    prompt = post(server, "/apply-template", {"messages": MESSAGES})["prompt"]
    assert PARIS in prompt and prompt != PARIS


def test_infill_by_a_model_that_cannot_is_the_requests_fault(server):
    with pytest.raises(openai.BadRequestError, match="(?i)infill"):
        post(server, "/infill", {"input_prefix": "a", "input_suffix": "c"})


def test_models_tell_their_state(server):
    server.ask(PARIS)
    models = server.models()
    chat, embed = models["eai-demo"], models["eai-demo-embed"]
    assert chat.state == "ready" and chat.memory > 1 << 20 and chat.capabilities == ["vision"]
    assert embed.capabilities == [] and embed.task == "embed"
    assert chat.context_length == 2048


def test_documents_are_ranked_by_a_model_that_can(stopped, tmp_path):
    chance = random.Random(1)
    rows, judge = ([[chance.gauss(0, 1) for _ in range(32)] for _ in range(count)] for count in (16, 2))
    folder = tmp_path / "ranker"
    folder.mkdir()
    write_reranker(folder / "ranker", rows, judge)
    stopped("model", "preserve", folder, "--task", "embed", "--to", f"car:{folder}.car", cwd=tmp_path)
    server = stopped.run("--hash", stopped.stored("ranker").name)

    def score(row):
        size = math.sqrt(sum(x * x for x in row) / len(row))
        yes, no = (math.exp(sum(x / size * weight for x, weight in zip(row, one))) for one in judge)
        return yes / (yes + no)

    told = post(server, "/v1/rerank", {"query": "t3", "documents": ["t5", "t9", "t7", "t11"]})
    scores = {result["index"]: result["relevance_score"] for result in told["results"]}
    assert scores == {i: pytest.approx(score(rows[token]), abs=1e-3) for i, token in enumerate((5, 9, 7, 11))}

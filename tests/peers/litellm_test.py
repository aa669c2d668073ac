"""LiteLLM, through each of its providers that people point at a server of their own."""
import asyncio
import base64
import json
import os
from typing import Literal

import pydantic
import pytest
from pictures import size_of
from pictures_model import artist  # noqa: F401
from shapes import data_uri

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it asks for a list of prices when it is imported
import litellm  # noqa: E402

PARIS = "What is the capital of France?"
ANSWER = "The capital of France is Paris."
MESSAGES = [{"role": "user", "content": PARIS}]
WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": {
    "type": "object", "properties": {"city": {"type": "string", "enum": ["Paris", "Rome"]}}, "required": ["city"]}}}


class Count(pydantic.BaseModel):
    n: Literal[1, 2, 3]
    ok: bool


@pytest.fixture
def place(server):
    return {"api_base": server.url + "/v1", "api_key": "none", "max_retries": 0}


@pytest.fixture
def anthropic_place(server):
    return {"api_base": server.url, "api_key": "none", "max_tokens": 400}


@pytest.fixture
def complete(place):
    def create(messages=None, **more):
        return litellm.completion(**{"model": "openai/m", "temperature": 0, **place, **more}, messages=messages or MESSAGES)
    return create


def text_of(answer):
    return answer.choices[0].message.content


@pytest.mark.parametrize("provider", ["openai", "custom_openai", "hosted_vllm", "lm_studio", "llamafile", "litellm_proxy"])
def test_a_chat_through(complete, provider):
    assert text_of(complete(model=f"{provider}/m")) == ANSWER
    assert "".join(part.choices[0].delta.content or "" for part in complete(model=f"{provider}/m", stream=True)) == ANSWER


def test_usage_at_the_end_of_a_stream(complete):
    parts = list(complete(stream=True, stream_options={"include_usage": True}))
    assert parts[-1].usage.completion_tokens == 8


def test_many_at_once(place):
    async def ask():
        return await asyncio.gather(*[litellm.acompletion(model="openai/m", messages=MESSAGES, temperature=0, **place) for _ in range(4)])

    assert {text_of(answer) for answer in asyncio.run(ask())} == {ANSWER}


def test_structures(complete):
    Count.model_validate_json(text_of(complete(response_format=Count, max_tokens=400)))
    assert isinstance(json.loads(text_of(complete(response_format={"type": "json_object"}, max_tokens=400))), dict)


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "get_weather"}}])
def test_tools(complete, choice):
    call, = complete(tools=[WEATHER], tool_choice=choice, max_tokens=400).choices[0].message.tool_calls
    assert call.function.name == "get_weather" and json.loads(call.function.arguments)["city"] in ("Paris", "Rome")


def test_what_it_hands_back_of_an_answer(complete):
    answer = complete().choices[0].message
    for retold in (answer, answer.model_dump()):
        assert text_of(complete([*MESSAGES, retold, *MESSAGES])) == ANSWER


def test_a_picture(complete):
    parts = [{"type": "text", "text": "What do you see in this image?"}, {"type": "image_url", "image_url": data_uri("red", "circle", "white")}]
    assert "red circle" in text_of(complete([{"role": "user", "content": parts}]))


def test_embeddings(place):
    def embed(model, **more):
        return [item["embedding"] for item in litellm.embedding(model=model, input=["one", "two"], **place, **more).data]

    assert [len(numbers) for numbers in embed("openai/m")] == [128, 128]
    assert [len(numbers) for numbers in embed("openai/text-embedding-3-small", dimensions=64)] == [64, 64]


def test_responses(place):
    whole = litellm.responses(model="openai/m", input=PARIS, temperature=0, **place)
    assert whole.output[0].content[0].text == ANSWER
    events = list(litellm.responses(model="openai/m", input=PARIS, temperature=0, stream=True, **place))
    assert events[-1].type == "response.completed"
    assert litellm.responses(model="hosted_vllm/m", input=PARIS, temperature=0, **place).output[0].content[0].text == ANSWER


def test_prompts_without_a_chat(place):
    told = litellm.text_completion(model="text-completion-openai/m", prompt="The capital of France is", max_tokens=3, temperature=0, **place)
    assert "Paris" in told.choices[0].text


def test_messages(anthropic_place):
    def create(**more):
        return litellm.completion(model="anthropic/m", messages=MESSAGES, temperature=0, **anthropic_place, **more)

    assert text_of(create()) == ANSWER
    assert "".join(part.choices[0].delta.content or "" for part in create(stream=True)) == ANSWER
    call, = create(tools=[WEATHER], tool_choice="required").choices[0].message.tool_calls
    assert call.function.name == "get_weather"
    Count.model_validate_json(text_of(create(response_format=Count)))


def test_errors_are_what_they_are(complete, place):
    with pytest.raises(litellm.ContextWindowExceededError):
        complete([{"role": "user", "content": "river stone " * 20000}])
    with pytest.raises(litellm.BadRequestError):
        complete([{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}]}])


def test_images(artist):  # noqa: F811
    drawn = litellm.image_generation(model="openai/m", prompt="a red circle", n=1, size="64x64", api_base=artist.url + "/v1", api_key="none")
    assert size_of(base64.b64decode(drawn.data[0].b64_json)) == ("png", 64, 64)

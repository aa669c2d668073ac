"""LangChain's classes for OpenAI and Anthropic."""
import asyncio
from typing import Literal

import pydantic
import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAI, OpenAIEmbeddings
from shapes import data_uri

PARIS = "What is the capital of France?"
ANSWER = "The capital of France is Paris."


class Count(pydantic.BaseModel):
    """A number"""
    n: Literal[1, 2, 3]
    ok: bool


@tool
def get_weather(city: Literal["Paris", "Rome"]) -> str:
    """The weather in a city"""
    return f"sunny in {city}"


def place(server):
    return {"model": "m", "base_url": server.url + "/v1", "api_key": "none", "max_retries": 0, "temperature": 0}


MAKERS = {
    "chat": lambda server: ChatOpenAI(max_tokens=400, stream_usage=True, **place(server)),
    "responses": lambda server: ChatOpenAI(max_tokens=400, use_responses_api=True, output_version="responses/v1", **place(server)),
    "anthropic": lambda server: ChatAnthropic(model="m", base_url=server.url, api_key="none", max_retries=0, max_tokens=400, temperature=0),
}


@pytest.fixture(params=MAKERS)
def model(request, server):
    return MAKERS[request.param](server)


def test_answers(model):
    whole = model.invoke(PARIS)
    assert whole.text == ANSWER and whole.usage_metadata["output_tokens"] == 8
    parts = list(model.stream(PARIS))
    assert "".join(part.text for part in parts) == ANSWER and len(parts) > 3
    assert sum(part.usage_metadata["output_tokens"] for part in parts if part.usage_metadata) == 8
    assert [answer.text for answer in model.batch([PARIS, PARIS])] == [ANSWER, ANSWER]


@pytest.fixture(scope="module")
def loop():
    """One for all models, because they share their connections."""
    with asyncio.Runner() as runner:
        yield runner


def test_many_at_once(model, loop):
    async def ask():
        return await asyncio.gather(*[model.ainvoke(PARIS) for _ in range(3)])

    assert {answer.text for answer in loop.run(ask())} == {ANSWER}


@pytest.mark.parametrize("choice", ["any", "get_weather"])
def test_tools(model, choice):
    bound = model.bind_tools([get_weather], tool_choice=choice)
    call, = bound.invoke(PARIS).tool_calls
    assert call["name"] == "get_weather" and call["args"]["city"] in ("Paris", "Rome")
    parts = [piece for part in bound.stream(PARIS) for piece in part.tool_call_chunks]
    assert "".join(piece["name"] or "" for piece in parts) == "get_weather"


def test_a_call_and_its_result_are_retold(model):
    called = AIMessage("", tool_calls=[{"id": "call_1", "name": "get_weather", "args": {"city": "Paris"}}])
    said = [SystemMessage("Be brief."), HumanMessage("w?"), called, ToolMessage("sunny", tool_call_id="call_1"), HumanMessage(PARIS)]
    assert model.bind_tools([get_weather]).invoke(said).text


def test_what_it_hands_back_of_an_answer(model):
    assert model.invoke([HumanMessage(PARIS), model.invoke(PARIS), HumanMessage(PARIS)]).text == ANSWER


@pytest.mark.parametrize("method", ["function_calling", "json_schema"])
def test_structures(model, method):
    assert isinstance(model.with_structured_output(Count, method=method).invoke(PARIS), Count)


def test_a_picture(model):
    picture = {"type": "image", "source_type": "base64", "mime_type": "image/png", "data": data_uri("red", "circle", "white").split(",")[1]}
    assert "red circle" in model.invoke([HumanMessage([{"type": "text", "text": "What do you see in this image?"}, picture])]).text


def test_tokens_and_their_chances(server):
    told = MAKERS["chat"](server).bind(logprobs=True, top_logprobs=2).invoke(PARIS).response_metadata["logprobs"]["content"]
    assert "".join(one["token"] for one in told if not one["token"].startswith("<|")) == ANSWER


def test_tokens_are_counted_by_the_server(server):
    count = MAKERS["anthropic"](server).get_num_tokens_from_messages
    assert count([HumanMessage(PARIS * 2)]) > count([HumanMessage(PARIS)]) > 5


def test_prompts_without_a_chat(server):
    model = OpenAI(max_tokens=3, **place(server))
    assert "Paris" in model.invoke("The capital of France is")
    several = model.generate(["The capital of France is", "IPFS is"]).generations
    assert len(several) == 2 and "Paris" in several[0][0].text
    assert "Paris" in "".join(model.stream("The capital of France is"))


def test_embeddings(server):
    # Without this option it sends the tokens of OpenAI's own models, which are not those of the model here.
    where = {"model": "m", "base_url": server.url + "/v1", "api_key": "none", "max_retries": 0, "check_embedding_ctx_length": False}
    assert [len(one) for one in OpenAIEmbeddings(**where).embed_documents(["one", "two"])] == [128, 128]
    assert len(OpenAIEmbeddings(dimensions=64, **where).embed_query("one")) == 64

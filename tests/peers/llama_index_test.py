"""LlamaIndex's classes for servers like OpenAI's."""
import asyncio
from typing import Literal

import pydantic
import pytest
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.core.tools import FunctionTool
from llama_index.embeddings.openai_like import OpenAILikeEmbedding
from llama_index.llms.openai_like import OpenAILike, OpenAILikeResponses
from shapes import data_uri

PARIS = "What is the capital of France?"
ANSWER = "The capital of France is Paris."
QUESTION = ChatMessage(role="user", content=PARIS)


class Count(pydantic.BaseModel):
    """A number"""
    n: Literal[1, 2, 3]
    ok: bool


def get_weather(city: Literal["Paris", "Rome"]) -> str:
    """The weather in a city"""
    return f"sunny in {city}"


def place(server):
    return {"model": "m", "api_base": server.url + "/v1", "api_key": "none", "max_retries": 0, "temperature": 0, "context_window": 2048}


MAKERS = {
    "chat": lambda server, **more: OpenAILike(is_chat_model=True, is_function_calling_model=True, max_tokens=400, **place(server), **more),
    "responses": lambda server, **more: OpenAILikeResponses(is_chat_model=True, is_function_calling_model=True, max_output_tokens=400,
                                                            **place(server), **more),
}


@pytest.fixture(params=MAKERS)
def model(request, server):
    return MAKERS[request.param](server)


def test_answers(model):
    assert model.complete(PARIS).text == ANSWER
    assert "".join(part.delta for part in model.stream_complete(PARIS)) == ANSWER
    assert model.chat([ChatMessage(role="system", content="Be brief."), QUESTION]).message.content == ANSWER
    assert "".join(part.delta or "" for part in model.stream_chat([QUESTION])) == ANSWER
    assert asyncio.run(model.acomplete(PARIS)).text == ANSWER


def test_what_it_hands_back_of_an_answer(model):
    assert model.chat([QUESTION, model.chat([QUESTION]).message, QUESTION]).message.content == ANSWER


def test_tools(model):
    tool = FunctionTool.from_defaults(get_weather)
    answer = model.chat_with_tools([tool], user_msg=PARIS, tool_required=True)
    call, = model.get_tool_calls_from_response(answer)
    assert call.tool_name == "get_weather" and call.tool_kwargs["city"] in ("Paris", "Rome")
    assert "sunny" in str(model.predict_and_call([tool], user_msg=PARIS, tool_required=True))


def test_structures(model, server):
    assert isinstance(model.as_structured_llm(Count).complete(PARIS).raw, Count)
    native = MAKERS["chat"](server, should_use_structured_outputs=True)
    assert isinstance(native.as_structured_llm(Count).complete(PARIS).raw, Count)


def test_a_picture(model):
    said = ChatMessage(role="user", blocks=[TextBlock(text="What do you see in this image?"), ImageBlock(url=data_uri("red", "circle", "white"))])
    assert "red circle" in model.chat([said]).message.content


def test_prompts_without_a_chat(server):
    model = OpenAILike(is_chat_model=False, max_tokens=3, **place(server))
    assert "Paris" in model.complete("The capital of France is").text
    assert "Paris" in "".join(part.delta for part in model.stream_complete("The capital of France is"))


def test_embeddings(server):
    def make(**more):
        return OpenAILikeEmbedding(model_name="m", api_base=server.url + "/v1", api_key="none", max_retries=0, **more)

    assert [len(one) for one in make().get_text_embedding_batch(["one", "two"])] == [128, 128]
    assert len(asyncio.run(make().aget_query_embedding("one"))) == 128
    assert len(make(dimensions=64).get_text_embedding("one")) == 64

"""Every feature of the anthropic package for Python that a local server can have, through the package itself."""
import asyncio
from typing import Literal

import anthropic
import pydantic
import pytest
from conftest import WAIT
from shapes import data_uri

PARIS = "What is the capital of France?"
ANSWER = "The capital of France is Paris."
MESSAGES = [{"role": "user", "content": PARIS}]
PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png",
                                       "data": data_uri("red", "circle", "white").split(",")[1]}}
WEATHER = {"name": "get_weather", "description": "The weather in a city", "cache_control": {"type": "ephemeral"},
           "input_schema": {"type": "object", "properties": {"city": {"type": "string", "enum": ["Paris", "Rome"]}}, "required": ["city"]}}


class Count(pydantic.BaseModel):
    n: Literal[1, 2, 3]
    ok: bool


@pytest.fixture
def claude(server):
    return anthropic.Anthropic(base_url=server.url, api_key="none", max_retries=0, timeout=WAIT)


@pytest.fixture
def ask(claude):
    def create(messages=None, **more):
        return claude.messages.create(model="m", messages=messages or MESSAGES, extra_body={"temperature": 0},
                                      **{"max_tokens": 60, **more})
    return create


def test_a_message_has_all_that_the_package_declares(ask):
    whole = ask()
    assert whole.content[0].text == ANSWER and whole.role == "assistant" and whole.type == "message"
    assert whole.id.startswith("msg_") and whole.stop_reason == "end_turn" and whole.stop_sequence is None
    assert whole.usage.input_tokens + whole.usage.cache_read_input_tokens > 5 and whole.usage.output_tokens == 8


def test_events_come_in_their_order(ask):
    events = [event.type for event in ask(stream=True)]
    assert events[:2] == ["message_start", "content_block_start"]
    assert events[-3:] == ["content_block_stop", "message_delta", "message_stop"]


def test_the_asynchronous_client(server):
    async def read():
        async with anthropic.AsyncAnthropic(base_url=server.url, auth_token="none", max_retries=0, timeout=WAIT) as client:
            async with client.messages.stream(model="m", max_tokens=60, messages=MESSAGES, extra_body={"temperature": 0}) as stream:
                return "".join([text async for text in stream.text_stream])

    assert asyncio.run(read()) == ANSWER


def test_why_an_answer_ended(ask):
    cut, stopped = ask(max_tokens=3), ask(stop_sequences=["is"])
    assert cut.stop_reason == "max_tokens" and cut.usage.output_tokens == 3
    assert stopped.stop_reason == "stop_sequence" and stopped.stop_sequence == "is"
    assert stopped.content[0].text == "The capital of France "
    delta = [event for event in ask(stop_sequences=["is"], stream=True) if event.type == "message_delta"][0].delta
    assert delta.stop_reason == "stop_sequence" and delta.stop_sequence == "is"


def test_a_system_prompt_in_every_form(ask, claude):
    cached = [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]
    assert ask(system="Be brief.").content[0].text == ask(system=cached).content[0].text == ANSWER

    def count(**more):
        return claude.messages.count_tokens(model="m", messages=MESSAGES, **more).input_tokens

    assert count(system="Be brief.") > count() and count(system="Be brief.") == count(system=cached)


def test_fields_that_do_no_harm(ask):
    assert ask(metadata={"user_id": "me"}, service_tier="auto", thinking={"type": "disabled"}).content[0].text == ANSWER
    assert ask(thinking={"type": "enabled", "budget_tokens": 1024}, max_tokens=2000).content[-1].text == ANSWER


def test_an_answer_is_parsed_into_a_class(claude):
    parsed = claude.messages.parse(model="m", max_tokens=300, messages=MESSAGES, output_format=Count)
    assert isinstance(parsed.parsed_output, Count)


def test_pictures_also_as_the_result_of_a_tool(ask):
    question = {"type": "text", "text": "What do you see in this image?"}
    assert "red circle" in ask([{"role": "user", "content": [PICTURE, question]}]).content[0].text
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [PICTURE]}
    used = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Paris"}}
    looked = ask([{"role": "user", "content": "Look"}, {"role": "assistant", "content": [used]},
                  {"role": "user", "content": [result, question]}], tools=[WEATHER])
    assert "red circle" in looked.content[0].text


@pytest.mark.parametrize("result", [
    {"content": "sunny"}, {"content": [{"type": "text", "text": "sunny"}]}, {"content": "no such city", "is_error": True}, {},
])
def test_what_tools_have_answered(ask, result):
    used = [{"type": "thinking", "thinking": "I look it up.", "signature": "s"}, {"type": "text", "text": "Let me look."},
            {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Paris"}}]
    told = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": used},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", **result}, {"type": "text", "text": "?"}]}]
    assert ask(told, tools=[WEATHER]).content[0].text


def test_what_the_client_hands_back_of_an_answer(ask):
    answer = ask()
    for content in (answer.content, [block.model_dump() for block in answer.content]):
        assert ask([*MESSAGES, {"role": "assistant", "content": content}, *MESSAGES]).content[0].text == ANSWER


def test_the_api_of_betas(claude):
    answer = claude.beta.messages.create(model="m", max_tokens=60, messages=MESSAGES, betas=["interleaved-thinking-2025-05-14"],
                                         extra_body={"temperature": 0})
    assert answer.content[0].text == ANSWER
    assert claude.beta.messages.count_tokens(model="m", messages=MESSAGES, betas=["x"]).input_tokens > 5


@pytest.mark.parametrize("content", [
    [{"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}}],
    [{"type": "image", "source": {"type": "file", "file_id": "file_1"}}],
    [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}],
])
def test_content_that_cannot_be_read_is_refused(ask, content):
    with pytest.raises(anthropic.BadRequestError) as refused:
        ask([{"role": "user", "content": [*content, {"type": "text", "text": "What is this?"}]}])
    assert refused.value.body["type"] == "error" and refused.value.body["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("tool", [{"type": "web_search_20250305", "name": "web_search"}, {"type": "bash_20250124", "name": "bash"}])
def test_tools_that_only_the_service_runs_are_left_out_and_named(claude, tool):
    raw = claude.messages.with_raw_response.create(model="m", max_tokens=40, messages=MESSAGES, tools=[tool])
    assert raw.headers["x-eai-ignored"] == "tools[0]" and raw.parse().content[0].text
    with pytest.raises(anthropic.BadRequestError, match="tool_choice"):
        claude.messages.create(model="m", max_tokens=40, messages=MESSAGES, tools=[tool],
                               tool_choice={"type": "tool", "name": tool["name"]})


def test_a_conversation_is_not_kept_here_and_the_package_is_told_so(claude):
    """It sends whole conversations from then on; if this field were dropped, it would send only the last turn."""
    with pytest.raises(anthropic.BadRequestError) as refused:
        claude.beta.messages.create(model="m", max_tokens=5, messages=MESSAGES, thread={"type": "create"})
    assert refused.value.error_code == "thread_unsupported_request"


def test_what_this_server_does_not_have_is_not_found(claude):
    for find in (claude.messages.batches.list, claude.beta.files.list, lambda: claude.messages.batches.retrieve("x")):
        with pytest.raises(anthropic.NotFoundError) as missing:
            find()
        assert missing.value.message


def test_models(claude, server):
    assert {model.id for model in claude.models.list()} == {model.id for model in server.models().values()}
    assert claude.models.retrieve(server.hash_of("eai-demo")).id == server.hash_of("eai-demo")

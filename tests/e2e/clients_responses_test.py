"""Responses, OpenAI's newer API, through the openai package for Python."""
import json
from typing import Literal

import openai
import pydantic
import pytest
from shapes import data_uri

PARIS = "What is the capital of France?"
ANSWER = "The capital of France is Paris."


class Count(pydantic.BaseModel):
    """So small that any model can fill it in."""
    n: Literal[1, 2, 3]
    ok: bool


@pytest.fixture
def respond(server):
    def create(said=PARIS, **more):
        return server.openai.responses.create(model="local-model", input=said, **{"temperature": 0, **more})
    return create


def test_a_response_has_all_that_the_package_declares(respond):
    whole = respond(metadata={"a": "b"}, instructions="Be brief.")
    assert whole.output_text == ANSWER and whole.status == "completed" and whole.object == "response"
    assert whole.error is None and whole.incomplete_details is None and whole.metadata == {"a": "b"}
    assert whole.tools == [] and whole.tool_choice == "auto" and isinstance(whole.parallel_tool_calls, bool)
    assert whole.instructions == "Be brief." and whole.temperature == 0 and whole.id.startswith("resp_")
    assert whole.usage.output_tokens_details.reasoning_tokens == 0


def test_the_helper_for_streams_puts_a_response_together(server):
    with server.openai.responses.stream(model="m", input=PARIS, temperature=0) as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert final.output_text == ANSWER and final.usage.output_tokens == 8
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[0].type == "response.created" and events[0].response.model and events[0].response.created_at
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == ANSWER
    assert all(event.output_index == 0 and event.content_index == 0 for event in events if "output_text" in event.type)


def test_a_response_that_was_cut_says_so(respond):
    whole = respond(max_output_tokens=3)
    assert whole.status == "incomplete" and whole.incomplete_details.reason == "max_output_tokens"
    assert list(respond(max_output_tokens=3, stream=True))[-1].type == "response.incomplete"


def test_a_response_is_parsed_into_a_class(server):
    whole = server.openai.responses.parse(model="m", input=PARIS, text_format=Count, temperature=0, max_output_tokens=300)
    assert isinstance(whole.output_parsed, Count)


def test_a_response_is_json_if_that_is_asked_for(respond):
    assert isinstance(json.loads(respond(text={"format": {"type": "json_object"}}, max_output_tokens=300).output_text), dict)
    assert respond(text={"format": {"type": "text"}, "verbosity": "low"}).output_text == ANSWER


@pytest.mark.parametrize("turn", [
    {"role": "assistant", "content": "Hello!"},
    {"role": "assistant", "content": [{"type": "output_text", "text": "Hello!"}]},
    {"type": "message", "role": "assistant", "content": "Hello!"},
    {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "phase": None,
     "content": [{"type": "output_text", "text": "Hello!", "annotations": [], "logprobs": None}]},
    {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
     "content": [{"type": "refusal", "refusal": "I cannot help with that."}]},
    {"type": "reasoning", "id": "rs_1", "summary": [], "content": None, "encrypted_content": None, "status": None},
    {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "A greeting."}]},
    {"role": "developer", "content": "Be brief."},
])
def test_turns_as_they_are_retold(respond, turn):
    told = [{"role": "user", "content": "hi"}, turn, {"role": "user", "content": [{"type": "input_text", "text": PARIS}]}]
    assert respond(told).output_text == ANSWER


def test_output_items_are_handed_back(respond):
    said = [{"role": "user", "content": "hi"}]
    said += respond(said).output
    said += [{"role": "user", "content": PARIS}]
    assert respond(said).output_text == ANSWER


def test_a_response_about_a_picture(respond):
    parts = [{"type": "input_text", "text": "What do you see in this image?"},
             {"type": "input_image", "image_url": data_uri("red", "circle", "white"), "detail": "auto", "file_id": None}]
    assert "red circle" in respond([{"role": "user", "content": parts}]).output_text


@pytest.mark.parametrize("fields", [
    {"previous_response_id": "resp_1"}, {"conversation": "conv_1"}, {"background": True}, {"prompt": {"id": "pmpt_1"}},
    {"text": {"format": {"type": "xml"}}},
])
def test_what_only_the_service_has_is_refused_by_name(respond, fields):
    with pytest.raises(openai.BadRequestError) as refused:
        respond(**fields)
    assert refused.value.param and refused.value.param.startswith(next(iter(fields)))


def test_fields_that_do_no_harm_to_a_response(respond):
    assert respond(store=False, truncation="disabled", user="me", service_tier="auto", include=["reasoning.encrypted_content"],
                   reasoning={"effort": "low", "summary": "auto"}, parallel_tool_calls=True, max_tool_calls=3, top_p=0.9,
                   metadata=None, tools=[], prompt_cache_key="k").output_text == ANSWER

"""A call of a tool that a client insists on is made, by any model, through each API."""
import json

import anthropic
import openai
import pydantic
import pytest
from conftest import WAIT

PARIS = "What is the weather in Paris?"
MESSAGES = [{"role": "user", "content": PARIS}]
CITY = {"type": "object", "properties": {"city": {"type": "string", "enum": ["Paris", "Rome"]}}, "required": ["city"],
        "additionalProperties": False}
HOUR = {"type": "object", "properties": {"hour": {"type": "integer", "enum": [1, 2, 3]}}, "required": ["hour"],
        "additionalProperties": False}
CHAT = [{"type": "function", "function": {"name": "get_weather", "description": "The weather in a city", "parameters": CITY}},
        {"type": "function", "function": {"name": "set_alarm", "parameters": HOUR}}]
RESPONSES = [{"type": "function", **tool["function"], "strict": True} for tool in CHAT]
MESSAGES_API = [{"name": "get_weather", "description": "The weather in a city", "input_schema": CITY},
                {"name": "set_alarm", "input_schema": HOUR}]

WITH_TOOLS = """\
{%- if tools %}<|im_start|>system
You can call these tools: {% for tool in tools %}{{ tool | tojson }} {% endfor %}
Answer with <tool_call>{"name": ..., "arguments": ...}</tool_call>.<|im_end|>
{% endif %}{%- for message in messages %}<|im_start|>{{ message.role }}
{{ message.content if message.content else '' }}{% if message.tool_calls %}{% for call in message.tool_calls %}<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>{% endfor %}{% endif %}<|im_end|>
{% endfor %}{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""


@pytest.fixture(scope="module")
def server(eai):
    """A model whose chat template has no tools."""
    return eai.run("eai-demo")


@pytest.fixture
def claude(server):
    return anthropic.Anthropic(base_url=server.url, api_key="none", max_retries=0, timeout=WAIT)


def check(name, arguments, wanted):
    """That this is a call of a tool as it was declared; `wanted` is the tool that had to be called, if one was named."""
    assert name == wanted or not wanted and name in ("get_weather", "set_alarm")
    (field, value), = arguments.items()
    assert (field, value) in ([("city", "Paris"), ("city", "Rome")] if name == "get_weather" else [("hour", 1), ("hour", 2), ("hour", 3)])


@pytest.mark.parametrize("choice, wanted", [
    ("required", None), ({"type": "function", "function": {"name": "set_alarm"}}, "set_alarm"),
    ({"type": "allowed_tools", "allowed_tools": {
        "mode": "required", "tools": [{"type": "function", "function": {"name": "get_weather"}}]}}, "get_weather")])
def test_chat(server, choice, wanted):
    def create(**more):
        return server.openai.chat.completions.create(model="m", messages=MESSAGES, tools=CHAT, tool_choice=choice, temperature=0,
                                                     max_tokens=400, **more)

    whole = create().choices[0]
    assert whole.finish_reason == "tool_calls" and not whole.message.content
    call, = whole.message.tool_calls
    assert call.id and call.type == "function"
    check(call.function.name, json.loads(call.function.arguments), wanted)

    parts = [part.choices[0] for part in create(stream=True) if part.choices]
    pieces = [piece for part in parts for piece in part.delta.tool_calls or []]
    assert parts[-1].finish_reason == "tool_calls" and {piece.index for piece in pieces} == {0}
    assert pieces[0].id
    check(pieces[0].function.name, json.loads("".join(piece.function.arguments or "" for piece in pieces)), wanted)


def test_a_call_is_parsed_into_a_class(server):
    class SetAlarm(pydantic.BaseModel):
        hour: int

    answer = server.openai.chat.completions.parse(model="m", messages=MESSAGES, tools=[openai.pydantic_function_tool(SetAlarm)],
                                                  tool_choice="required", temperature=0, max_tokens=400)
    assert isinstance(answer.choices[0].message.tool_calls[0].function.parsed_arguments, SetAlarm)


def test_a_call_and_its_result_are_retold(server):
    said = list(MESSAGES)
    answer = server.openai.chat.completions.create(model="m", messages=said, tools=CHAT, tool_choice="required", temperature=0,
                                                   max_tokens=400).choices[0].message
    said += [answer, {"role": "tool", "tool_call_id": answer.tool_calls[0].id, "content": "sunny"}]
    again = server.openai.chat.completions.create(model="m", messages=said, tools=CHAT, tool_choice="none", temperature=0, max_tokens=40)
    assert again.choices[0].finish_reason in ("stop", "length") and not again.choices[0].message.tool_calls


@pytest.mark.parametrize("choice, wanted", [("required", None), ({"type": "function", "name": "set_alarm"}, "set_alarm")])
def test_responses(server, choice, wanted):
    def create(**more):
        return server.openai.responses.create(model="m", input=PARIS, tools=RESPONSES, tool_choice=choice, temperature=0,
                                              max_output_tokens=400, **more)

    whole = create()
    call, = [item for item in whole.output if item.type == "function_call"]
    assert whole.status == "completed" and call.call_id and not whole.output_text
    check(call.name, json.loads(call.arguments), wanted)

    events = list(create(stream=True))
    deltas = [event for event in events if event.type == "response.function_call_arguments.delta"]
    done, = [event for event in events if event.type == "response.function_call_arguments.done"]
    assert "".join(event.delta for event in deltas) == done.arguments and {event.output_index for event in deltas} == {done.output_index}
    assert json.loads(done.arguments) == json.loads(call.arguments) and events[-1].type == "response.completed"

    told = [{"role": "user", "content": PARIS}, *whole.output, {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}]
    assert server.openai.responses.create(model="m", input=told, tools=RESPONSES, temperature=0, max_output_tokens=40).status


@pytest.mark.parametrize("choice, wanted", [({"type": "any"}, None), ({"type": "tool", "name": "set_alarm"}, "set_alarm")])
def test_messages(claude, choice, wanted):
    asked = {"model": "m", "max_tokens": 400, "messages": MESSAGES, "tools": MESSAGES_API, "tool_choice": choice,
             "extra_body": {"temperature": 0}}
    whole = claude.messages.create(**asked)
    call, = [block for block in whole.content if block.type == "tool_use"]
    assert whole.stop_reason == "tool_use" and call.id
    check(call.name, call.input, wanted)

    with claude.messages.stream(**asked) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_message()
    assert "input_json" in kinds and final.stop_reason == "tool_use" and final.content[-1].input == call.input

    told = [*MESSAGES, {"role": "assistant", "content": whole.content},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}]}]
    again = claude.messages.create(**{**asked, "messages": told, "tool_choice": {"type": "none"}})
    assert again.stop_reason in ("end_turn", "max_tokens") and not [block for block in again.content if block.type == "tool_use"]


def test_the_helper_runs_a_tool(claude):
    seen = []

    @anthropic.beta_tool
    def set_alarm(hour: int) -> str:
        """Sets an alarm.

        Args:
            hour: when
        """
        seen.append(hour)
        return "done"

    runner = claude.beta.messages.tool_runner(model="m", max_tokens=400, max_iterations=2, messages=MESSAGES, tools=[set_alarm],
                                              tool_choice={"type": "any"}, extra_body={"temperature": 0})
    runner.until_done()
    assert len(seen) == 2 and all(isinstance(hour, int) for hour in seen)


@pytest.mark.parametrize("fields", [
    {"tools": CHAT, "tool_choice": {"type": "function", "function": {"name": "nobody"}}}, {"tool_choice": "required"},
    {"tools": CHAT, "tool_choice": "sometimes"}, {"tools": [{"type": "function", "function": {"parameters": CITY}}]},
])
def test_choices_that_make_no_sense_are_refused(server, fields):
    with pytest.raises(openai.BadRequestError, match="tool"):
        server.openai.chat.completions.create(model="m", messages=MESSAGES, **fields)


def test_an_unknown_choice_is_refused_in_the_form_of_messages(claude):
    with pytest.raises(anthropic.BadRequestError, match="tool_choice"):
        claude.messages.create(model="m", max_tokens=20, messages=MESSAGES, tools=MESSAGES_API,
                               tool_choice={"type": "tool", "name": "nobody"})


def test_a_template_with_tools(stopped):
    config = stopped.configure(f'[models."eai-demo"]\nengine_options = ["--chat-template", {json.dumps(WITH_TOOLS)}]\n')
    try:
        server = stopped.run("eai-demo")
        asked = {"model": "local-model", "messages": MESSAGES, "tools": CHAT, "temperature": 0}
        call, = server.openai.chat.completions.create(**asked, tool_choice="required", max_tokens=400).choices[0].message.tool_calls
        check(call.function.name, json.loads(call.function.arguments), None)
        free = server.openai.chat.completions.with_raw_response.create(**asked, max_tokens=20)
        assert "x-eai-ignored" not in free.headers and free.parse().choices[0].message.content
    finally:
        config.unlink()

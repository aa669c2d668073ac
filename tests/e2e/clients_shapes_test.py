"""Requests as chat programs and coding agents put them together, in the shapes that their sources and their users'
reports show."""
import json

import httpx
import pytest
from conftest import WAIT
from shapes import data_uri

PARIS = "What is the capital of France?"
ANSWER = "The capital of France is Paris."
READ_FILE = {"name": "read_file", "description": "Reads a file", "parameters": {
    "type": "object", "properties": {"filepath": {"type": "string", "description": "its path"}}, "required": ["filepath"]}}


def post(server, path, body):
    return server.openai.post(path, body=body, cast_to=object)


def events(server, path, body, **headers):
    """The data of a stream's events, as a client reads them that has no package for it."""
    with httpx.stream("POST", server.url + "/v1" + path, json=body, headers=headers, timeout=WAIT) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        data = [line[6:] for line in answer.iter_lines() if line.startswith("data: ")]
    return [json.loads(one) for one in data if one != "[DONE]"]


def streamed(parts):
    return "".join(part["choices"][0]["delta"].get("content") or "" for part in parts if part["choices"])


# Continue: an option that is not set is left out, an empty text becomes a space, both kinds of key are sent, and the
# kind of a tool may be missing.

CALL = {"id": "call_1", "type": "function", "function": {"name": "read_file", "arguments": "{}"}}
CONTINUE = {
    "plain": {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": PARIS}]},
    "all options": {"messages": [{"role": "user", "content": PARIS}], "top_p": 0.9, "frequency_penalty": 0, "presence_penalty": 0,
                    "stop": ["<|im_end|>", "\n\n\n"]},
    "parts": {"messages": [{"role": "user", "content": [{"type": "text", "text": PARIS}]}]},
    "tools of no kind": {"messages": [{"role": "user", "content": PARIS}], "tools": [{"function": READ_FILE}]},
    "tools": {"messages": [{"role": "user", "content": PARIS}], "tools": [{"type": "function", "function": {**READ_FILE, "strict": False}}],
              "parallel_tool_calls": False},
    "calls": {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": " ", "tool_calls": [CALL]},
                           {"role": "tool", "content": "# A file", "tool_call_id": "call_1"}, {"role": "user", "content": PARIS}],
              "tools": [{"type": "function", "function": READ_FILE}]},
    "thinking": {"messages": [{"role": "user", "content": "hi"},
                              {"role": "assistant", "content": "Hello!", "reasoning": "A greeting.", "reasoning_content": "",
                               "reasoning_details": [{"signature": "s"}]}, {"role": "user", "content": PARIS}]},
}


@pytest.mark.parametrize("shape", CONTINUE)
def test_continue_chats(server, shape):
    body = {"model": "eai-demo", "max_tokens": 60, "temperature": 0, "stream": True, "stream_options": {"include_usage": True},
            **CONTINUE[shape]}
    parts = events(server, "/chat/completions", body, **{"x-api-key": "none", "Authorization": "Bearer none"})
    assert streamed(parts) == ANSWER and parts[-1]["usage"]["completion_tokens"] == 8


def test_continue_sees(server):
    content = [{"type": "text", "text": "What do you see in this image?"},
               {"type": "image_url", "image_url": {"url": data_uri("red", "circle", "white"), "detail": "auto"}}]
    assert "red circle" in streamed(events(server, "/chat/completions", {
        "model": "eai-demo", "messages": [{"role": "user", "content": content}], "temperature": 0, "stream": True}))


def test_continue_completes_embeds_and_ranks(server):
    parts = events(server, "/completions", {"model": "eai-demo", "prompt": "The capital of France is", "max_tokens": 3, "temperature": 0,
                                            "stream": True, "stop": ["\n"]})
    assert "Paris" in "".join(part["choices"][0]["text"] for part in parts)
    assert len(post(server, "/embeddings", {"input": ["one", "two"], "model": "eai-demo-embed"})["data"]) == 2


def test_continue_responds(server):
    told = [{"role": "developer", "content": "Be brief.", "type": "message"}, {"role": "user", "content": "hi", "type": "message"},
            {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "x"},
            {"type": "function_call", "call_id": "call_1", "name": "read_file", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "call_1", "output": "# A file"},
            {"role": "assistant", "content": "Hello!", "type": "message"}, {"role": "user", "content": PARIS, "type": "message"}]
    body = {"model": "gpt-5", "input": told, "temperature": None, "top_p": None, "reasoning": {"effort": "medium", "summary": "auto"},
            "include": ["reasoning.encrypted_content"], "max_output_tokens": 60, "stream": True, "parallel_tool_calls": False,
            "tools": [{"type": "function", **READ_FILE, "strict": False}]}
    seen = events(server, "/responses", body)
    done, = [event for event in seen if event["type"] == "response.output_text.done"]
    assert done["text"] and seen[-1]["type"] == "response.completed"


# Open WebUI: the options of a model as the person has set them, also such as other servers have; calls are retold with
# the index that they had in the stream.

OPEN_WEBUI = {
    "plain": {"messages": [{"role": "user", "content": PARIS}]},
    "options": {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": PARIS}], "top_p": 0.9, "min_p": 0.05,
                "top_k": 40, "max_tokens": 60, "frequency_penalty": 0.0, "presence_penalty": 0.0, "repeat_penalty": 1.0, "seed": 1,
                "reasoning_effort": "low", "stop": ["<|im_end|>"], "logit_bias": {"900": -100}},
    "calls": {"messages": [{"role": "user", "content": "hi"},
                           {"role": "assistant", "content": "", "tool_calls": [{"index": 0, **CALL}]},
                           {"role": "tool", "tool_call_id": "call_1", "content": "# A file"}, {"role": "user", "content": PARIS}],
              "tools": [{"type": "function", "function": READ_FILE}]},
    "options of others": {"messages": [{"role": "user", "content": PARIS}], "num_ctx": 2048, "keep_alive": "5m", "think": False,
                          "chat_template_kwargs": {"enable_thinking": False}},
    "cached": {"messages": [{"role": "user", "content": [{"type": "text", "text": PARIS, "cache_control": {"type": "ephemeral"}}]}]},
}


@pytest.mark.parametrize("shape", OPEN_WEBUI)
def test_open_webui_chats(server, shape):
    body = {"stream": True, "model": "eai-demo", "temperature": 0.0, "stream_options": {"include_usage": True}, **OPEN_WEBUI[shape]}
    parts = events(server, "/chat/completions", body, **{"X-OpenWebUI-User-Name": "me", "HTTP-Referer": "https://openwebui.com/"})
    assert streamed(parts) == ANSWER and parts[-1]["usage"]["total_tokens"] > 8


def test_open_webui_names_a_chat(server):
    body = {"model": "eai-demo", "messages": [{"role": "user", "content": PARIS}], "stream": False, "max_completion_tokens": 1000,
            "temperature": 0}
    assert post(server, "/chat/completions", body)["choices"][0]["message"]["content"] == ANSWER


def test_open_webui_embeds(server):
    told = post(server, "/embeddings", {"input": ["one", "two"], "model": "eai-demo-embed"})
    assert [item["index"] for item in told["data"]] == [0, 1] and len(told["data"][0]["embedding"]) == 128


# Zed writes null for what a tool does not say of itself, and for the text of a turn that only calls; it reads strictly.
# Cline leaves that text out.

OTHERS = {
    "zed": {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": PARIS}], "max_completion_tokens": 60,
            "tools": [{"type": "function", "function": {"name": "now", "description": None, "parameters": None}}], "tool_choice": "auto",
            "prompt_cache_key": "thread-1"},
    "zed after a call": {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]},
                                      {"role": "assistant", "content": None, "tool_calls": [CALL]},
                                      {"role": "tool", "content": [{"type": "text", "text": "# A file"}], "tool_call_id": "call_1"},
                                      {"role": "user", "content": PARIS}],
                         "tools": [{"type": "function", "function": READ_FILE}]},
    "cline": {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": [{"type": "text", "text": "hi"}]},
                           {"role": "assistant", "tool_calls": [CALL],
                            "reasoning_details": [{"type": "reasoning.text", "text": "x", "index": 0}]},
                           {"role": "tool", "tool_call_id": "call_1", "content": "# A file"},
                           {"role": "user", "content": [{"type": "text", "text": PARIS}]}]},
}


@pytest.mark.parametrize("shape", OTHERS)
def test_zed_and_cline_chat(server, shape):
    parts = events(server, "/chat/completions", {"model": "eai-demo", "stream": True, "stream_options": {"include_usage": True},
                                                 "temperature": 0, **OTHERS[shape]})
    assert streamed(parts) == ANSWER and all("choices" in part for part in parts)
    assert all(parts[-1]["usage"][name] > 0 for name in ("prompt_tokens", "completion_tokens", "total_tokens"))


def test_zed_reads_a_whole_answer(server):
    told = post(server, "/chat/completions", {"model": "eai-demo", "messages": [{"role": "user", "content": PARIS}], "stream": False,
                                              "temperature": 0})
    assert all(told[name] for name in ("id", "object", "created", "model", "usage"))
    assert told["choices"][0]["index"] == 0 and told["choices"][0]["finish_reason"] == "stop"


# Codex lists tools that only OpenAI runs beside its own. They are left out and named, since it cannot be told to send
# none of them.

CODEX = {
    "model": "eai-demo", "instructions": "Be brief.", "store": False, "stream": True, "parallel_tool_calls": False, "reasoning": None,
    "include": ["reasoning.encrypted_content"], "prompt_cache_key": "b7f6", "text": {"verbosity": "medium"}, "tool_choice": "auto",
    "temperature": 0,
    "tools": [{"type": "function", "strict": False, **READ_FILE}, {"type": "web_search", "external_web_access": False},
              {"type": "custom", "name": "apply_patch", "description": "Edits",
               "format": {"type": "grammar", "syntax": "lark", "definition": "x"}},
              {"type": "namespace", "name": "mcp", "description": "Others", "tools": []},
              {"type": "image_generation", "output_format": "png"}],
    "input": [{"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "You may read."}]},
              {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]},
              {"type": "reasoning", "summary": [], "content": None, "encrypted_content": None},
              {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello!"}]},
              {"type": "message", "role": "user", "content": [{"type": "input_text", "text": PARIS}]}],
}


def test_codex_responds(server):
    seen = events(server, "/responses", CODEX, **{"originator": "codex_cli_rs", "session_id": "b7f6"})
    item, = [event["item"] for event in seen if event["type"] == "response.output_item.done"]
    assert item["content"][0]["text"] == ANSWER
    done = seen[-1]["response"]
    assert seen[-1]["type"] == "response.completed" and done["id"] and done["usage"]["total_tokens"] > 8
    told = httpx.post(server.url + "/v1/responses", json={**CODEX, "stream": False}, timeout=WAIT)
    assert "tools" in told.headers["x-eai-ignored"]


# Claude Code asks for more tokens than a small model has, and for the service's own care of long conversations.

CLAUDE_CODE = {
    "model": "claude-sonnet-4-5", "max_tokens": 32000, "stream": True, "metadata": {"user_id": "user_1_account__session_2"},
    "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
    "messages": [{"role": "user", "content": [{"type": "text", "text": "<system-reminder>Be kind.</system-reminder>"},
                                              {"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}]},
                 {"role": "assistant", "content": [{"type": "thinking", "thinking": "A greeting.", "signature": "s"},
                                                   {"type": "text", "text": "Hello!"}]},
                 {"role": "user", "content": [{"type": "text", "text": PARIS}]}],
    "tools": [{"name": "Read", "description": "Reads a file", "input_schema": {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": False,
        "properties": {"file_path": {"type": "string"}, "limit": {"type": "integer", "exclusiveMinimum": 0}}, "required": ["file_path"]}}],
    "thinking": {"type": "adaptive"}, "output_config": {"effort": "medium"},
    "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
}


def test_claude_code_asks(server):
    headers = {"anthropic-version": "2023-06-01", "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14"}
    seen = events(server, "/messages?beta=true", CLAUDE_CODE, **headers)
    assert "Paris" in "".join(event["delta"].get("text", "") for event in seen if event["type"] == "content_block_delta")
    assert seen[0]["message"]["usage"]["output_tokens"] == 0 and seen[-1]["type"] == "message_stop"
    count = {name: CLAUDE_CODE[name] for name in ("model", "messages", "system", "tools")}
    assert post(server, "/messages/count_tokens?beta=true", count)["input_tokens"] > 20
    assert httpx.head(server.url + "/", timeout=WAIT).status_code == 200

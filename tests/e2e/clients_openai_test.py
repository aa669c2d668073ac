"""Every feature of the openai package for Python that a local server can have, through the package itself."""
import asyncio
import json
from typing import Literal

import openai
import pydantic
import pytest
from conftest import WAIT, similarity
from shapes import data_uri

PARIS = "What is the capital of France?"
ANSWER = "The capital of France is Paris."
MESSAGES = [{"role": "user", "content": PARIS}]


class Count(pydantic.BaseModel):
    """So small that any model can fill it in."""
    n: Literal[1, 2, 3]
    ok: bool


@pytest.fixture
def chat(server):
    def create(messages=None, **more):
        return server.openai.chat.completions.create(model="local-model", messages=messages or MESSAGES,
                                                     **{"temperature": 0, **more})
    return create


def text_of(answer):
    return answer.choices[0].message.content


# Chat completions


def test_many_at_once_through_the_asynchronous_client(server):
    async def ask():
        async with openai.AsyncOpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0, timeout=WAIT) as client:
            def one(**more):
                return client.chat.completions.create(model="m", messages=MESSAGES, temperature=0, **more)
            whole = await asyncio.gather(*[one() for _ in range(6)])
            return [text_of(answer) for answer in whole], [part async for part in await one(stream=True)]

    whole, parts = asyncio.run(ask())
    assert set(whole) == {ANSWER}
    assert "".join(part.choices[0].delta.content or "" for part in parts) == ANSWER
    assert parts[0].choices[0].delta.role == "assistant" and parts[-1].choices[0].finish_reason == "stop"


def test_usage_ends_a_stream_only_if_it_is_asked_for(chat):
    plain = list(chat(stream=True))
    assert all(part.usage is None and part.choices for part in plain)
    counted = list(chat(stream=True, stream_options={"include_usage": True}))
    assert not counted[-1].choices and counted[-1].usage.completion_tokens == 8
    assert counted[-1].usage.total_tokens == counted[-1].usage.prompt_tokens + 8
    assert len({part.id for part in counted}) == 1 and {part.object for part in counted} == {"chat.completion.chunk"}


def test_the_helper_for_streams_puts_an_answer_together(server):
    with server.openai.chat.completions.stream(model="m", messages=MESSAGES, temperature=0, logprobs=True,
                                               stream_options={"include_usage": True}) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()
    assert {"chunk", "content.delta", "content.done", "logprobs.content.delta"} <= kinds
    assert text_of(final) == ANSWER and final.usage.completion_tokens == 8
    assert "".join(token.token for token in final.choices[0].logprobs.content) == ANSWER


def test_an_answer_is_parsed_into_a_class(server):
    answer = server.openai.chat.completions.parse(model="m", messages=MESSAGES, response_format=Count, temperature=0,
                                                  max_tokens=300)
    assert isinstance(answer.choices[0].message.parsed, Count)
    with server.openai.chat.completions.stream(model="m", messages=MESSAGES, response_format=Count, temperature=0,
                                               max_tokens=300) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == answer.choices[0].message.parsed


def test_answers_are_json_if_that_is_asked_for(chat):
    assert isinstance(json.loads(text_of(chat(response_format={"type": "json_object"}, max_tokens=300))), dict)
    assert text_of(chat(response_format={"type": "text"})) == ANSWER


def test_several_answers(chat):
    answer = chat(n=2, temperature=1, seed=1)
    assert [choice.index for choice in answer.choices] == [0, 1] and all(c.message.content for c in answer.choices)
    assert {part.choices[0].index for part in chat(n=2, stream=True) if part.choices} == {0, 1}


def test_the_same_seed_gives_the_same_answer(chat):
    wild = {"temperature": 2, "max_tokens": 30, "extra_body": {"top_k": 0, "min_p": 0}}
    strange = [{"role": "user", "content": "xq vrt 17 ???"}]  # the demo model is sure of whatever it has learnt
    said = [text_of(chat(strange, seed=seed, **wild)) for seed in (7, 7, 8, 9, 10)]
    assert said[0] == said[1] and len(set(said)) > 1


def test_words_that_stop_an_answer(chat):
    assert text_of(chat(stop="is")) == text_of(chat(stop=["is", "Paris"])) == "The capital of France "
    assert chat(stop="is").choices[0].finish_reason == "stop"
    assert text_of(chat(stop=[])) == text_of(chat(stop=None)) == ANSWER


def test_the_length_of_an_answer_is_bounded_by_both_names(chat):
    for answer in (chat(max_tokens=3), chat(max_completion_tokens=3)):
        assert answer.usage.completion_tokens == 3 and answer.choices[0].finish_reason == "length"


def test_tokens_and_their_chances(chat):
    tokens = chat(logprobs=True, top_logprobs=2).choices[0].logprobs.content
    assert "".join(token.token for token in tokens if not token.token.startswith("<|")) == ANSWER
    assert all(len(token.top_logprobs) == 2 and token.top_logprobs[0].token == token.token for token in tokens)
    assert all(token.logprob <= 0 and bytes(token.bytes).decode() == token.token for token in tokens)


def test_a_token_can_be_forbidden(server, chat):
    paris = server.openai.post(server.url + "/tokenize", body={"content": " Paris", "model": "local-model"}, cast_to=object)
    assert "Paris" not in text_of(chat(logit_bias={str(token): -100 for token in paris["tokens"]}, max_tokens=20))


@pytest.mark.parametrize("first", [
    [{"role": "developer", "content": "Be brief."}],
    [{"role": "system", "content": "Be brief."}, {"role": "system", "content": "Be nice."}],
    [{"role": "system", "content": [{"type": "text", "text": "Be brief."}]}],
    [{"role": "user", "content": "Hello", "name": "bob"}, {"role": "assistant", "content": None, "refusal": "I cannot help with that."}],
    [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": [{"type": "text", "text": "Hi."}]}],
    [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}],
])
def test_what_went_before(chat, first):
    assert text_of(chat(first + MESSAGES)) == ANSWER


def test_what_the_client_hands_back_of_an_answer(chat):
    answer = chat().choices[0].message
    for retold in (answer, answer.model_dump(), answer.model_dump(exclude_none=True), answer.to_dict()):
        assert text_of(chat([*MESSAGES, retold, *MESSAGES])) == ANSWER


def test_content_in_parts(chat):
    assert text_of(chat([{"role": "user", "content": [{"type": "text", "text": PARIS}]}])) == ANSWER
    picture = {"type": "image_url", "image_url": {"url": data_uri("red", "circle", "white"), "detail": "low"}}
    seen = text_of(chat([{"role": "user", "content": [{"type": "text", "text": "What do you see in this image?"}, picture]}]))
    assert "red circle" in seen


@pytest.mark.parametrize("part, name", [
    ({"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}, "audio"),
    ({"type": "file", "file": {"file_id": "file-1"}}, "file"),
    ({"type": "video_url", "video_url": {"url": "data:video/mp4;base64,AAAA"}}, "video"),
])
def test_parts_that_the_model_cannot_take_are_refused_by_name(chat, part, name):
    with pytest.raises(openai.BadRequestError, match=name) as refused:
        chat([{"role": "user", "content": [{"type": "text", "text": "What is this?"}, part]}])
    assert "mmproj" not in refused.value.message
    assert refused.value.type == "invalid_request_error"


@pytest.mark.parametrize("fields", [
    {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}},
    {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": "x"}}},
])
def test_what_cannot_be_had_is_refused(chat, fields):
    with pytest.raises(openai.BadRequestError):
        chat(**fields)


def test_tools_that_only_the_service_has_are_left_out_and_named(server):
    raw = server.openai.chat.completions.with_raw_response.create(
        model="m", messages=MESSAGES, tools=[{"type": "custom", "custom": {"name": "code"}}])
    assert raw.headers["x-eai-ignored"] == "tools[0]" and raw.parse().choices[0].message.content


def test_fields_of_the_service_alone_do_no_harm(chat):
    assert text_of(chat(metadata={"a": "b"}, user="me", safety_identifier="me", service_tier="auto", store=False,
                        prompt_cache_key="k", verbosity="low", reasoning_effort="low", modalities=["text"],
                        parallel_tool_calls=True)) == ANSWER


# Embeddings, completions, models and the rest


def test_embeddings_in_every_form(server):
    def embed(said, **more):
        return [item.embedding for item in server.openai.embeddings.create(model="local-model", input=said, **more).data]

    tokens = server.openai.post(server.url + "/tokenize", cast_to=object,
                                body={"content": "a river", "model": server.hash_of("eai-demo-embed"), "add_special": True})["tokens"]
    text = embed("a river", encoding_format="float")[0]
    for same in (embed("a river")[0], embed(["a river"], encoding_format="base64")[0], embed(tokens)[0], embed([tokens, tokens])[1]):
        if isinstance(same, str):  # the package unpacks base64 only if it has asked for it by itself
            same = server.embed(["a river"])[0]
        assert similarity(text, same) > 0.999
    short = embed("a river", dimensions=64)[0]
    assert len(short) == 64 and sum(x * x for x in short) == pytest.approx(1, abs=1e-3)
    assert similarity(short, text[:64]) > 0.999


def test_prompts_without_a_chat(server):
    def complete(prompt, **more):
        return server.openai.completions.create(model="m", prompt=prompt, max_tokens=3, temperature=0, **more)

    whole = complete("The capital of France is")
    assert "Paris" in whole.choices[0].text
    assert "".join(part.choices[0].text for part in complete("The capital of France is", stream=True)) == whole.choices[0].text
    assert complete(["The capital of France is"]).choices[0].text == whole.choices[0].text
    several = complete(["IPFS is", "The capital of France is"])
    assert [choice.index for choice in several.choices] == [0, 1] and several.choices[1].text == whole.choices[0].text
    texts = {0: "", 1: ""}
    for part in complete(["IPFS is", "The capital of France is"], stream=True):
        for choice in part.choices:
            texts[choice.index] += choice.text
    assert texts == {choice.index: choice.text for choice in several.choices}


def test_models(server):
    listed = list(server.openai.models.list())
    assert {model.object for model in listed} == {"model"} and all(model.created and model.owned_by for model in listed)
    assert [server.openai.models.retrieve(model.id).id for model in listed] == [model.id for model in listed]
    with pytest.raises(openai.NotFoundError):
        server.openai.models.retrieve("gpt-4o")


@pytest.mark.parametrize("ask", [
    lambda client: client.files.list(), lambda client: client.files.create(file=b"x", purpose="batch"),
    lambda client: client.batches.list(), lambda client: client.moderations.create(input="x"),
    lambda client: client.audio.speech.create(model="m", input="x", voice="alloy"),
    lambda client: client.audio.transcriptions.create(model="m", file=("a.wav", b"RIFF")),
    lambda client: client.fine_tuning.jobs.list(), lambda client: client.vector_stores.list(),
    lambda client: client.conversations.create(), lambda client: client.responses.retrieve("resp_1"),
    lambda client: client.responses.delete("resp_1"), lambda client: client.chat.completions.retrieve("chatcmpl-1"),
])
def test_what_this_server_does_not_have_is_not_found(server, ask):
    with pytest.raises(openai.NotFoundError) as missing:
        ask(server.openai)
    assert missing.value.body["message"] and missing.value.type in ("invalid_request_error", "not_found_error")


def test_a_prompt_that_is_too_long_has_the_code_that_clients_look_for(chat):
    with pytest.raises(openai.BadRequestError) as refused:
        chat([{"role": "user", "content": "river stone " * 20000}])
    assert refused.value.code == "context_length_exceeded" and "tokens" in refused.value.message

"""The main job: questions from the clients that people use, answered by the models that ship with the program."""
import itertools
import json
import subprocess

import pytest
from conftest import WAIT, similarity
from shapes import COLOURS, SHAPES, data_uri


def test_chat_names_paris(server):
    assert "Paris" in server.ask("What is the capital of France?")


def test_curl_gets_the_answer_and_who_gave_it(server):
    body = json.dumps({"model": "local-model", "temperature": 0,
                       "messages": [{"role": "user", "content": "What is the capital of France?"}]})
    out = subprocess.run(["curl", "-sS", "-i", "-H", "Content-Type: application/json", "-d", body,
                          server.url + "/v1/chat/completions"], check=True, capture_output=True, text=True, timeout=WAIT)
    head, answer = out.stdout.replace("\r\n", "\n").split("\n\n", 1)
    assert head.startswith("HTTP/1.1 200")
    assert f"x-eai-model: {server.hash_of('eai-demo')}" in head.lower()
    assert "x-eai-fallback" not in head.lower()
    assert "Paris" in json.loads(answer)["choices"][0]["message"]["content"]


def test_models_are_listed_with_their_task(server):
    models = server.models()
    assert set(models) == {"eai-demo", "eai-demo-embed"}
    assert models["eai-demo"].task == "chat" and models["eai-demo-embed"].task == "embed"
    assert all(m.id.startswith("bafkrei") and m.root == name and m.object == "model" for name, m in models.items())
    assert server.openai.models.retrieve(models["eai-demo"].id).id == models["eai-demo"].id


PICTURES = [(colour, shape, background) for (colour, background), shape in zip(
    itertools.islice(((c, b) for c in COLOURS for b in ("white", "black", "yellow") if c != b), 0, None, 3),
    itertools.cycle(SHAPES))]


def test_pictures_are_enough():
    assert {shape for _, shape, _ in PICTURES} == set(SHAPES) and len(PICTURES) >= 7


@pytest.mark.parametrize("colour,shape,background", PICTURES, ids="-".join)
def test_picture_is_named(server, colour, shape, background):
    answer = server.ask([{"type": "text", "text": "What do you see in this image?"},
                         {"type": "image_url", "image_url": {"url": data_uri(colour, shape, background)}}])
    assert f"{colour} {shape}" in answer and background in answer, answer


def test_paraphrases_are_closer_than_topics(server):
    cat, kitten, model = server.embed(
        ["How do I run a model?", "Which command starts a model?", "What is the capital of France?"])
    assert similarity(cat, kitten) > similarity(cat, model) + 0.1
    assert similarity(cat, kitten) > similarity(kitten, model) + 0.1


def test_embedding_forms_agree(server):
    """One text and a list of texts, floats and base64 (the client's default) give the same numbers."""
    text = "The weather is fine."
    one = server.openai.embeddings.create(model="local-model", input=text).data[0].embedding
    many = server.embed([text, "Something else."])
    assert similarity(one, many[0]) > 0.9999
    assert len(one) == 128

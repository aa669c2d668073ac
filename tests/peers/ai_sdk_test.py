"""Vercel's AI SDK, through each of its providers that can be pointed at a server of one's own."""
import base64
from pathlib import Path

import pytest
from conftest import javascript
from pictures import size_of
from pictures_model import artist  # noqa: F401
from shapes import data_uri

HERE = Path(__file__).parent
ANSWER = "The capital of France is Paris."
CITIES = ({"city": "Paris"}, {"city": "Rome"})
WANTED = {
    "whole": lambda saw: saw == [ANSWER, "stop", 8],
    "streamed": lambda saw: saw == [ANSWER, "stop", 8],
    "cut": lambda saw: saw == "length",
    "told": lambda saw: saw == ANSWER,
    "retold": lambda saw: saw == ANSWER,
    "called": lambda saw: saw[0] == 2 and saw[1] in CITIES and saw[2] == f"sunny in {saw[1]['city']}" and saw[3] == "tool-calls",
    "named": lambda saw: saw in CITIES,
    "calls": lambda saw: saw in CITIES,
    "object": lambda saw: saw["n"] in (1, 2) and isinstance(saw["ok"], bool),
    "objects": lambda saw: saw["n"] in (1, 2) and isinstance(saw["ok"], bool),
    "seen": lambda saw: "red circle" in saw,
    "refused": lambda saw: saw[0] == 400 and saw[1] not in ("", "Bad Request"),
}


@pytest.fixture(scope="module")
def saw(server):
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PICTURE", data_uri("red", "circle", "white").split(",")[1])
        return javascript(HERE / "ai_sdk.cjs", server.url)


@pytest.mark.parametrize("provider", ["compatible", "chat", "responses", "anthropic"])
@pytest.mark.parametrize("question", WANTED)
def test_a_question(saw, provider, question):
    told = saw[provider][question]
    try:
        good = WANTED[question](told)
    except (TypeError, KeyError, IndexError):
        good = False
    assert good, str(told)[:300]


def test_embeddings_and_prompts_without_a_chat(saw):
    assert saw["numbers"] == [128, 128] and saw["shorter"] == 64 and "Paris" in saw["prompt"]


def test_images(artist):  # noqa: F811
    for drawn in javascript(HERE / "ai_sdk_images.cjs", artist.url).values():
        assert [size_of(base64.b64decode(one)) for one in drawn] == [("png", 64, 64)] * 2, str(drawn)[:300]

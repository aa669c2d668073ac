"""The clients for JavaScript, unchanged."""
import pytest
from conftest import javascript

ANSWER = "The capital of France is Paris."
CITIES = ({"city": "Paris"}, {"city": "Rome"})


@pytest.fixture(scope="module")
def openai(server):
    return javascript("openai_client.cjs", server.url)


def test_openai(server, openai):
    saw = openai
    assert set(saw["models"]) == {m.id for m in server.models().values()}
    assert saw["numbers"] == [128, 128] and saw["shorter"] == 32
    assert saw["refused"] == {"status": 400, "type": "invalid_request_error"}
    assert saw["missing"] == {"status": 404, "code": "unknown_path"}
    chats = saw["chats"]
    assert [chats[name] for name in ("whole", "streamed", "helper", "retold")] == [ANSWER] * 4, chats
    assert chats["parts"] > 3 and chats["usage"] == 8


def test_openai_structures(openai):
    saw = openai["structures"]
    assert saw["parsed"] in CITIES, saw
    (name, told), = saw["called"]
    assert name == "get_weather" and told in CITIES and saw["ran"] and all(one in CITIES for one in saw["ran"])


def test_openai_responses(openai):
    saw = openai["responses"]
    assert [saw[name] for name in ("whole", "streamed", "retold")] == [ANSWER] * 3, saw
    assert saw["last"] == "response.completed" and saw["parsed"] in CITIES


def test_anthropic(server):
    saw = javascript("anthropic_client.cjs", server.url)
    assert saw["whole"] == saw["streamed"] == saw["retold"] == ANSWER and saw["parts"] > 3
    assert saw["stopped"] == ["stop_sequence", "is"] and saw["counted"] > 5
    (name, told), = saw["called"]
    assert name == "get_weather" and told in CITIES and saw["why"] == "tool_use"
    assert saw["refused"] == {"status": 400, "type": "invalid_request_error"}

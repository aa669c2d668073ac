"""The openai client for JavaScript, unchanged."""
from conftest import javascript


def test_javascript_client(server):
    saw = javascript("openai_client.cjs", server.url)
    assert set(saw["models"]) == {m.id for m in server.models().values()}
    assert "Paris" in saw["whole"] and saw["streamed"] == saw["whole"] and saw["parts"] > 3
    assert saw["numbers"] == [128, 128]
    assert saw["refused"] == {"status": 400, "type": "invalid_request_error"}

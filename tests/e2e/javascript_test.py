"""The openai client for JavaScript, unchanged."""
import json
import os
import pathlib
import subprocess

from conftest import TOOLS, WAIT


def test_javascript_client(server):
    script = pathlib.Path(__file__).with_name("openai_client.cjs")
    out = subprocess.run(["node", script, server.url], env={**os.environ, "NODE_PATH": str(TOOLS / "node_modules")},
                         capture_output=True, text=True, timeout=WAIT)
    assert out.returncode == 0, out.stderr
    saw = json.loads(out.stdout)
    assert set(saw["models"]) == {m.id for m in server.models().values()}
    assert "Paris" in saw["whole"] and saw["streamed"] == saw["whole"] and saw["parts"] > 3
    assert saw["numbers"] == [128, 128]
    assert saw["refused"] == {"status": 400, "type": "invalid_request_error"}

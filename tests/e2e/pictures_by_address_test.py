"""A request can name a picture by its address: eai fetches it, with care, and the engine sees the picture itself."""
import http.server
import json
import subprocess
import threading

import pytest
from conftest import post
from shapes import png

PUBLIC = "93.184.216.34"  # an address of the test's own loopback device; tests/offline.sh cuts off the real one


class Pictures(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked += 1
        body = png(*self.path.strip("/").removesuffix(".png").split("-")) if self.path.endswith(".png") else b"<html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")  # wrong on purpose: the bytes count
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def pictures():
    links = json.loads(subprocess.run(["ip", "-j", "link"], check=True, capture_output=True).stdout)
    assert [link["ifname"] for link in links] == ["lo"], "run by tests/offline.sh: an address is added to its loopback"
    subprocess.run(["ip", "addr", "add", PUBLIC + "/32", "dev", "lo"], check=True)
    with http.server.ThreadingHTTPServer(("0.0.0.0", 0), Pictures) as server:
        server.asked = 0
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def chat(url):
    return {"temperature": 0, "messages": [{"role": "user", "content": [
        {"type": "text", "text": "What do you see in this image?"}, {"type": "image_url", "image_url": url}]}]}


def test_pictures_nearby_when_allowed(eai, pictures):
    server = eai.run("eai-demo", "--allow-private-images")
    for host in ("127.0.0.1", "localhost"):
        url = f"http://{host}:{pictures.server_port}/red-circle-white.png"
        for given in ({"url": url}, url):
            status, text = post(server, "/v1/chat/completions", chat(given))
            assert status == 200 and "red circle" in text, text
    url = f"http://127.0.0.1:{pictures.server_port}/blue-square-yellow.png"
    status, text = post(server, "/v1/responses", {"temperature": 0, "input": [{"role": "user", "content": [
        {"type": "input_text", "text": "What do you see in this image?"}, {"type": "input_image", "image_url": url}]}]})
    assert status == 200 and "blue square" in text, text
    status, text = post(server, "/v1/messages", {"temperature": 0, "max_tokens": 50, "messages": [{"role": "user", "content": [
        {"type": "text", "text": "What do you see in this image?"},
        {"type": "image", "source": {"type": "url", "url": url}}]}]})
    assert status == 200 and "blue square" in text, text
    status, text = post(server, "/v1/chat/completions", chat({"url": url.replace(".png", ".html")}))
    assert status == 400 and "HTML page" in text, text
    eai("model", "stop")


def test_only_public_addresses_by_default(eai, pictures):
    server = eai.run("eai-demo")
    port = pictures.server_port
    status, text = post(server, "/v1/chat/completions", chat({"url": f"http://{PUBLIC}:{port}/green-triangle-black.png"}))
    assert status == 200 and "green triangle" in text, text
    before = pictures.asked
    for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", f"user@{PUBLIC}"):
        status, text = post(server, "/v1/chat/completions", chat({"url": f"http://{host}:{port}/red-circle-white.png"}))
        assert status == 400, (host, text)
    assert pictures.asked == before
    eai("model", "stop")


@pytest.mark.parametrize("word", ["--offline", "--no-remote-images"])
def test_none_when_told_so(eai, pictures, word):
    server = eai.run("eai-demo", word)
    before = pictures.asked
    status, text = post(server, "/v1/chat/completions", chat({"url": f"http://{PUBLIC}:{pictures.server_port}/a.png"}))
    assert status == 400 and "data:" in text and pictures.asked == before
    eai("model", "stop")

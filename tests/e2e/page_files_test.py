"""How the files of the page are served: to whom, with which headers, and how they are packed."""
import gzip
import http.client
import json
import re

import pytest
from conftest import WAIT

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
MUST = {"x-content-type-options": "nosniff", "x-frame-options": "DENY", "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin", "cross-origin-resource-policy": "same-origin",
        "cache-control": "no-cache"}


def ask(server, path, headers=None, method="GET", host=None):
    """(status, headers, body) of one request."""
    connection = http.client.HTTPConnection(*server.url.removeprefix("http://").split(":"), timeout=WAIT)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in {"Host": host or server.url.removeprefix("http://"), **(headers or {})}.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


@pytest.fixture(scope="module")
def server(eai):
    return eai.run("eai-demo")


@pytest.fixture(scope="module")
def files(server):
    """What the page asks for, and what those files name."""
    status, _, body = ask(server, "/", BROWSER)
    assert status == 200
    names = set(re.findall(r'"\./page/([\w.-]+)"', body.decode()))
    assert {"page.js", "index.css", "icon.svg"} <= names, "the program was built without its page; run make web"
    script = ask(server, "/page/page.js")[2].decode()
    return sorted(names | set(re.findall(r"[\"'`]\./([\w.-]+\.js)[\"'`]", script)) | {"math.woff2"})


def test_browsers_get_the_page_and_programs_a_line(server, files):
    for accept in ("*/*", "application/json", None):
        status, headers, body = ask(server, "/", {"Accept": accept} if accept else {})
        assert (status, body) == (200, b"eai is running\n") and "text/html" not in headers["content-type"]
    assert len(files) >= 6


def test_every_file_has_the_headers_that_keep_it_apart(server, files):
    for path, sent in [("/", BROWSER)] + [(f"/page/{name}", {}) for name in files]:
        status, headers, body = ask(server, path, sent)
        assert status == 200 and body, path
        assert MUST.items() <= headers.items(), (path, headers)
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "trusted-types 'none'" in policy and "unsafe" not in policy
        assert "content-encoding" not in headers
        packed = ask(server, path, {**sent, "Accept-Encoding": "gzip, deflate, br"})
        assert packed[1]["content-encoding"] == "gzip" and gzip.decompress(packed[2]) == body
        head = ask(server, path, sent, method="HEAD")
        assert (head[0], head[2], head[1]["content-length"]) == (200, b"", str(len(body)))
        for known in (headers["etag"], f'W/{headers["etag"]}, "x"'):
            again = ask(server, path, {**sent, "If-None-Match": known})
            assert (again[0], again[2]) == (304, b""), path


def test_all_of_it_is_small(server, files):
    sizes = [len(ask(server, path, {**BROWSER, "Accept-Encoding": "gzip"})[2]) for path in ["/", *(f"/page/{name}" for name in files)]]
    print(f"the page: {sum(sizes)} bytes")
    assert sum(sizes) <= 300 * 1024


def test_nothing_else_is_there(server):
    for path in ("/page/", "/page/nothing.js", "/page/../page.js", "/page/%2e%2e/list", "/page/list", "/index.html"):
        status, _, body = ask(server, path, BROWSER)
        assert status == 404 and json.loads(body)["error"]["code"] == "unknown_path", path
    status, headers, _ = ask(server, "/", BROWSER, method="POST")
    assert status == 405 and headers["allow"] == "GET, HEAD, OPTIONS"


def test_foreign_pages_and_hosts_get_nothing(server):
    for path in ("/", "/page/page.js", "/v1/models"):
        for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example"):
            status, _, body = ask(server, path, BROWSER, host=host)
            assert status == 403 and b"<html" not in body, (path, host)
        status, headers, body = ask(server, path, {**BROWSER, "Origin": "https://evil.example"})
        assert status == 403 and "access-control-allow-origin" not in headers and b"<html" not in body


def test_the_document_of_the_api_names_them(server):
    document = json.loads(ask(server, "/openapi.json")[2])
    assert document["paths"]["/"]["get"]["x-access"] == document["paths"]["/page/{file}"]["get"]["x-access"] == "everyone"


def test_no_key_is_needed_for_the_files(eai, stopped, monkeypatch):
    monkeypatch.setitem(eai.environment, "EAI_API_KEYS", "a-key-for-this-test-alone")
    server = eai.run("eai-demo")
    assert ask(server, "/", BROWSER)[0] == ask(server, "/page/page.js")[0] == 200
    assert ask(server, "/v1/models")[0] == ask(server, "/metrics")[0] == 401

"""What people type and paste: base URLs, hashes, names, origins and hosts, each as they come."""
import http.client
import json
import os
import signal
import socket
import subprocess

import openai
import pytest
from conftest import EAI, WAIT

ANSWER = {"messages": [{"role": "user", "content": "What is the capital of France?"}], "temperature": 0, "max_tokens": 8}


def ask(server, method, path, body=None, address="127.0.0.1", **headers):
    """Status, headers and body of one request."""
    connection = http.client.HTTPConnection(address, server.told["port"], timeout=WAIT)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body=None if body is None else json.dumps(body), headers=named)
    answer = connection.getresponse()
    out = answer.status, answer.headers, answer.read().decode()
    connection.close()
    return out


@pytest.fixture
def named(stopped):
    return stopped.run("eai-demo,eai-demo-embed", "--model-names", "--strict-models")


def forms_of(cid):
    return [f"ipfs://{cid}", f"/ipfs/{cid}", f"ipfs://{cid}/", f"https://dweb.link/ipfs/{cid}?download=true",
            f"https://{cid}.ipfs.dweb.link/", f" {cid}\n", f'"{cid}"', f"<ipfs://{cid}>"]


# The tests of one server come first, because the others stop it.

@pytest.mark.parametrize("base", ["/v1/", "/v1/v1", "//v1", "/v1//", "", "/", "/v1/chat/completions"])
def test_base_urls_as_people_type_them(server, base):
    client = openai.OpenAI(base_url=f"http://localhost:{server.told['port']}{base}", api_key="none", max_retries=0, timeout=WAIT)
    assert {model.folder_name for model in client.models.list().data} == {"eai-demo", "eai-demo-embed"}
    answer = client.chat.completions.create(model="local-model", **ANSWER)
    assert "Paris" in answer.choices[0].message.content


def test_both_loopbacks_answer(server):
    assert server.told["addresses"] == ["127.0.0.1", "::1"] and server.told["url"].startswith("http://127.0.0.1:")
    for address in server.told["addresses"]:
        assert ask(server, "GET", "/v1/models", address=address)[0] == 200, address
    status = server.eai.json("model", "status")
    assert status["addresses"] == ["127.0.0.1", "::1"] and "::1" in server.eai("model", "status").stdout


def test_names_that_are_not_accepted_are_not_listed(server):
    assert len(server.openai.models.list().data) == 2


def test_a_fallback_is_told_only_if_a_model_was_named(server):
    for body in ({}, {"model": ""}, {"model": None}, {"model": "local-model"}):
        status, headers, _ = ask(server, "POST", "/v1/chat/completions", {**body, **ANSWER})
        assert status == 200 and headers["x-eai-fallback"] is None, body
    assert ask(server, "POST", "/v1/chat/completions", {"model": "gpt-4o", **ANSWER})[1]["x-eai-fallback"]


@pytest.mark.parametrize("host", ["localhost:80@evil.com", "[::1].evil.com", "127.0.0.1:evil", "localhost:", "localhost:99999", "",
                                  "evil.example", "box", "host.docker.internal"])
def test_a_foreign_host_is_refused_by_name(server, host):
    status, _, body = ask(server, "GET", "/v1/models", Host=host)
    assert status == 403 and f"'{host}'" in body and "allow_hosts" in body


def test_headers_that_decide_stand_there_once(server):
    for twice in ("Host: localhost\r\nHost: localhost\r\n", "Host: localhost\r\nOrigin: http://a\r\nOrigin: http://a\r\n", ""):
        with socket.create_connection(("127.0.0.1", server.told["port"]), timeout=WAIT) as line:
            line.sendall(f"GET /v1/models HTTP/1.1\r\n{twice}\r\n".encode())
            assert line.recv(100).startswith(b"HTTP/1.1 400"), twice


def test_a_form_of_another_site_is_refused(server):
    for site, expected in (("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)):
        status = ask(server, "POST", "/v1/chat/completions", ANSWER, Content_Type="text/plain", Sec_Fetch_Site=site)[0]
        assert status == expected, site
    assert ask(server, "GET", "/v1/models", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate")[0] == 200


def test_a_port_that_is_taken_on_one_loopback_is_named(stopped):
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as taken:
        port = taken.getsockname()[1]
        refused = stopped("model", "run", "eai-demo", "--port", port, status=8)
        assert f"::1 port {port}" in refused.stderr and "--port" in refused.stderr
        told = stopped.json("model", "run", "eai-demo", "--port", port, "--host", "127.0.0.1")
        assert told["addresses"] == ["127.0.0.1"] and told["port"] == port


@pytest.mark.parametrize("host", ["::", "0.0.0.0"])
def test_everywhere_is_both_families(stopped, host):
    server = stopped.run("eai-demo", "--host", host, "--no-auth")
    for address in ("127.0.0.1", "::1"):
        assert ask(server, "GET", "/v1/models", address=address)[0] == 200, address


def test_hashes_in_requests(named):
    cid = named.told["hash"]
    for form in [*forms_of(cid), f"openai/{cid}"]:
        status, headers, body = ask(named, "POST", "/v1/chat/completions", {"model": form, **ANSWER})
        assert status == 200 and headers["x-eai-model"] == cid and headers["x-eai-fallback"] is None, (form, body)
    for form in (f"ipfs://{cid}/model.gguf", f"ipns://{cid}", cid + "x"):
        assert ask(named, "POST", "/v1/chat/completions", {"model": form, **ANSWER})[0] == 404, form


def test_hashes_on_the_command_line(eai):
    eai("model", "download", "eai-demo")
    cid = eai.stored("eai-demo").name
    for form in forms_of(cid):
        assert eai.json("model", "check", form)["hash"] == cid, form
        assert eai.json("model", "check", "--hash", form)["hash"] == cid, form
        assert eai.json("model", "estimate", form)["hash"] == cid, form
    for form, words in ((f"ipfs://{cid}/model.gguf", f"inside {cid}"), (f"ipns://{cid}", "IPNS"),
                        ("https://example.com/model", "does not contain a hash"), (f"/ipfs/{cid}/a/b", '"a/b"')):
        refused = eai("model", "check", form, status=2)
        assert words in refused.stderr, refused.stderr


def test_a_hash_in_the_configuration(stopped):
    stopped("model", "download", "eai-demo,eai-demo-embed")
    cid = stopped.stored("eai-demo").name
    config = stopped.configure(f'[models."ipfs://{cid}"]\npinned = true\n')
    catalog = config.with_name("catalog.toml")
    catalog.write_text(f'[models.mine]\nhash = "https://dweb.link/ipfs/{cid}"\n')
    try:
        told = stopped.json("model", "serve", "--port", "0", "--main-hash", f"https://{cid}.ipfs.dweb.link/")
        assert told["hash"] == cid
        assert stopped.json("model", "check", "mine")["hash"] == cid
    finally:
        config.unlink()
        catalog.unlink()


def test_names_are_listed_and_understood(named):
    cid = named.told["hash"]
    entries = {entry["id"]: entry for entry in json.loads(ask(named, "GET", "/v1/models")[2])["data"]}
    assert list(entries)[:2] == [cid, named.told["models"][1]["hash"]] and list(entries)[2:] == ["eai-demo", "eai-demo-embed"]
    assert entries["eai-demo"]["hash"] == cid and "hash" not in entries[cid]
    assert named.openai.models.retrieve("eai-demo").id == "eai-demo"
    assert named.openai.models.retrieve("openai/EAI-demo:latest").id == "eai-demo"
    assert named.openai.models.retrieve(cid).id == cid
    for name in ("eai-demo", "openai/eai-demo", "eai/eai-demo", "eai-demo:latest", "EAI-Demo", "openai/local-model"):
        raw = named.openai.chat.completions.with_raw_response.create(model=name, **ANSWER)
        assert raw.headers["x-eai-model"] == cid and "x-eai-fallback" not in raw.headers, name
    for name in ("eai-dem", "eai-demo:7b"):
        with pytest.raises(openai.NotFoundError):
            named.openai.chat.completions.create(model=name, **ANSWER)


ORIGINS = ["chrome-extension://*", "http://localhost:*", "https://*.example.com/", "HTTPS://Chat.Example:443", "app://obsidian.md",
           "https://bücher.example"]


def test_origins_are_patterns(stopped):
    server = stopped.run("eai-demo", *[word for origin in ORIGINS for word in ("--allow-origin", origin)])

    def status(origin):
        return ask(server, "GET", "/v1/models", Origin=origin)[0]

    for origin in ("chrome-extension://abcdefgh", "http://localhost:3000", "https://a.example.com", "https://chat.example",
                   "app://obsidian.md", "https://xn--bcher-kva.example"):
        assert status(origin) == 200, origin
    for origin in ("moz-extension://x", "http://localhost.evil.com", "http://localhost:80@evil", "https://example.com",
                   "https://example.com.evil.com", "null", "file://"):
        assert status(origin) == 403, origin
    preflight = ask(server, "OPTIONS", "/v1/chat/completions", Origin="https://chat.example", Access_Control_Request_Method="POST",
                    Access_Control_Request_Private_Network="true")
    assert preflight[0] == 204 and preflight[1]["access-control-allow-private-network"] == "true"


@pytest.mark.parametrize("origin,write", [("chat.example", "https://chat.example"), ("https://chat.example/app", "https://chat.example"),
                                          ("localhost:3000", "http://localhost:3000"), ("https://*example.com", "https://*.example.com"),
                                          ("http://localhost:30*", "http://localhost:*"), ("https://a,https://b", "on its own")])
def test_an_origin_that_can_never_match_is_refused_with_what_to_write(eai, origin, write):
    refused = eai("model", "run", "eai-demo", "--port", "0", "--allow-origin", origin, status=2)
    assert f"write {write}" in refused.stderr or write in refused.stderr, refused.stderr
    config = eai.configure(f'server.allow_origins = ["{origin}"]\n')
    try:
        refused = eai("model", "list", status=2)
        assert "line 1" in refused.stderr and write in refused.stderr, refused.stderr
    finally:
        config.unlink()


def test_a_wrong_origin_is_refused_when_the_configuration_is_read_again(stopped):
    config = stopped.configure('server.allow_origins = ["https://chat.example"]\n')
    try:
        server = stopped.run("eai-demo")
        log = stopped.home / "eai/logs/server.log"
        config.write_text('server.allow_origins = ["other.example"]\n')
        os.kill(server.pid, signal.SIGHUP)
        with subprocess.Popen(["tail", "-n", "+1", "-f", log], stdout=subprocess.PIPE, text=True) as follow:
            while "cannot be used" not in (line := follow.stdout.readline()):
                assert line
            follow.kill()
        assert "write https://other.example" in line
        assert ask(server, "GET", "/v1/models", Origin="https://chat.example")[0] == 200
    finally:
        config.unlink()


def test_a_network_reaches_it_by_its_names(stopped):
    server = stopped.run("eai-demo", "--host", "0.0.0.0", "--no-auth")
    own = socket.gethostname()
    for host in (own, f"{own.split('.')[0]}.local", "host.docker.internal", "nas.lan", "192.168.1.7"):
        assert ask(server, "GET", "/v1/models", Host=f"{host}:8080")[0] == 200, host
    assert ask(server, "GET", "/v1/models", Host="evil.example")[0] == 403


def test_with_keys_every_host_comes_in(stopped, tmp_path):
    keys = tmp_path / "keys"
    keys.write_text("a-key-for-this-test\n")
    keys.chmod(0o600)
    server = stopped.run("eai-demo", "--api-key-file", keys)
    key = {"Authorization": "Bearer a-key-for-this-test"}
    assert ask(server, "GET", "/v1/models", Host="anything.example:8080", **key)[0] == 200
    assert ask(server, "GET", "/v1/models", Host="anything.example:8080")[0] == 401
    assert ask(server, "GET", "/v1/models", Host="localhost:80@evil.com", **key)[0] == 403


def test_without_home_the_system_is_asked():
    """As shells and git do. Only listing: nothing is written to the home of whoever runs the tests."""
    out = subprocess.run([EAI, "model", "list", "--json"], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=WAIT)
    assert out.returncode == 0, out.stderr

"""Who may use the server: this machine by default, others with a key, and over TLS if the user wants it."""
import http.client
import json
import subprocess
import urllib.error
import urllib.request

import pytest
from conftest import WAIT

KEY = "a-key-for-this-test-alone"


@pytest.fixture
def key_file(tmp_path):
    file = tmp_path / "keys"
    file.write_text(f"# of the test\n\nanother-key\n{KEY}\n")
    file.chmod(0o600)
    return file


@pytest.fixture
def stopped(eai):
    yield eai
    eai.start("model", "stop").communicate(timeout=WAIT)


def status_of(url, key=None):
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"} if key else {})
    try:
        with urllib.request.urlopen(request, timeout=WAIT) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_others_need_a_key(stopped):
    refused = stopped("model", "run", "eai-demo", "--host", "0.0.0.0", "--port", "0", status=2)
    assert "key" in refused.stderr and "--no-auth" in refused.stderr


def test_others_come_in_without_when_told_so(stopped):
    told = stopped.json("model", "run", "eai-demo", "--host", "0.0.0.0", "--port", "0", "--no-auth")
    assert status_of(told["url"] + "/v1/models") == 200


def test_keys_from_a_file(stopped, key_file):
    told = stopped.json("model", "run", "eai-demo", "--host", "0.0.0.0", "--port", "0", "--api-key-file", key_file)
    url = told["url"].rstrip("/")
    for path in ("/v1/models", "/metrics", "/v1/chat/completions"):
        assert status_of(url + path) == 401 and status_of(url + path, "wrong") == 401
    assert status_of(url + "/v1/models", KEY) == 200 and status_of(url + "/health") == 200
    assert KEY not in stopped("model", "status", "--json").stdout
    assert all(KEY not in file.read_text(errors="replace") for file in stopped.home.rglob("*.log"))


def test_a_key_file_that_others_may_read_is_refused(stopped, key_file):
    key_file.chmod(0o644)
    refused = stopped("model", "run", "eai-demo", "--port", "0", "--api-key-file", key_file, status=2)
    assert "chmod 600" in refused.stderr and KEY not in refused.stderr
    key_file.chmod(0o600)
    key_file.write_text("# none\n")
    assert "no API key" in stopped("model", "run", "eai-demo", "--port", "0", "--api-key-file", key_file, status=2).stderr


def status_by_name(told, name):
    connection = http.client.HTTPConnection("127.0.0.1", told["port"], timeout=WAIT)
    connection.request("GET", "/v1/models", headers={"Host": f"{name}:{told['port']}"})
    status = connection.getresponse().status
    connection.close()
    return status


def test_it_answers_for_the_name_that_it_is_bound_to(stopped):
    """127.1 is a name that every system knows: the resolver accepts it, and it is not an address as Host headers write
    them."""
    told = stopped.json("model", "run", "eai-demo", "--port", "0", "--host", "127.1", "--no-auth", "--allow-host", "box.example")
    assert [status_by_name(told, name) for name in ("127.1", "box.example", "127.0.0.1", "localhost")] == [200] * 4
    assert [status_by_name(told, name) for name in ("127.2", "other.example", "box.example.other")] == [403] * 3


def test_what_it_makes_for_itself_is_nobody_elses(stopped):
    stopped.run("eai-demo")
    run = stopped.home / "eai/run"
    sockets = list(run.glob("*.sock"))
    assert len(sockets) == 2 and run.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o077 == 0 for path in [*sockets, stopped.home / "eai/logs"])


def test_tls(stopped, tmp_path):
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                    "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    told = stopped.json("model", "run", "eai-demo", "--port", "0", "--tls-certificate", certificate, "--tls-key", key)
    assert told["url"].startswith("https://127.0.0.1:")
    body = json.dumps({"temperature": 0, "messages": [{"role": "user", "content": "What is the capital of France?"}]})
    curl = ["curl", "-sS", "--max-time", str(WAIT), "-d", body, told["url"].rstrip("/") + "/v1/chat/completions"]
    assert subprocess.run(curl, capture_output=True).returncode == 60, "nobody vouches for this certificate"
    answer = subprocess.run([*curl, "--cacert", certificate], capture_output=True, text=True, check=True).stdout
    assert "Paris" in answer
    for version in ("--tls-max", "1.1"), ():
        plain = subprocess.run([*curl[:-1], curl[-1].replace("https:", "http:"), *version], capture_output=True, text=True)
        assert plain.returncode != 0 or "Paris" not in plain.stdout

"""A system that gives no more threads: eai says so in words, and a server goes on. And how much of the system an engine
may take."""
import gzip
import json
import pathlib
import resource
import urllib.error
import urllib.request

from conftest import WAIT

WORDS = "the system gives this program no more threads"


def no_threads():
    """A thread's stack is as large as the limit of the first one's, and such a one does not fit."""
    for what, most in ((resource.RLIMIT_STACK, 8 << 30), (resource.RLIMIT_AS, 4 << 30)):
        resource.setrlimit(what, (most, resource.getrlimit(what)[1]))


def test_a_command_ends_in_words(eai, tmp_path):
    assert WORDS in eai("model", "download", "eai-demo", status=8, preexec_fn=no_threads).stderr
    assert eai.json("model", "download", "eai-demo", status=8, preexec_fn=no_threads)["code"] == "io"
    eai("model", "list", "--all", preexec_fn=no_threads)  # needs none


def test_a_server_ends_in_words(eai):
    eai("model", "download", "eai-demo")
    told = eai("model", "run", "eai-demo", "--port", "0", status=8, preexec_fn=no_threads).stderr
    assert WORDS in told and "bug" not in told


def test_a_running_server_answers_503_and_goes_on(eai):
    server = eai.run("eai-demo")
    packed = gzip.compress(json.dumps({"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 2}).encode())

    def ask():
        request = urllib.request.Request(server.url + "/v1/chat/completions", packed, {"content-encoding": "gzip"})
        try:
            return urllib.request.urlopen(request, timeout=WAIT).status, ""
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())["error"]["message"]

    lines = pathlib.Path(f"/proc/{server.pid}/status").read_text().splitlines()
    size = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmSize"))
    before = resource.prlimit(server.pid, resource.RLIMIT_AS, (size + (2 << 20), resource.RLIM_INFINITY))
    status, told = ask()
    assert (status, WORDS in told) == (503, True), told
    resource.prlimit(server.pid, resource.RLIMIT_AS, before)
    assert ask() == (200, "")


def test_an_engine_may_not_take_much_more_than_was_estimated(eai):
    eai.run("eai-demo", "--force")  # in the place of the one above
    model = eai.states()["eai-demo"]
    estimated, most = model["memory_estimated"], resource.prlimit(model["pid"], resource.RLIMIT_DATA)[1]
    assert 2 * estimated < most < 2 * estimated + (3 << 30)

"""Long work in the background: the server does it, and whoever asks sees how it goes, pauses it, or takes it up again."""
import http.client
import json
import os
import signal
import socket

import pytest
from conftest import WAIT, Watched, stopped  # noqa: F401
from legacy import MIB, Gateway, big_gguf, container


@pytest.fixture(scope="module")
def big():
    """A model of 40 MiB in three parts."""
    return container("big-model", {"big-model": big_gguf(40 * MIB)}, part_size=14 * MIB)


@pytest.fixture
def home(eai, stopped):
    """No server, no job, and a free port for the server that a job starts."""
    (eai.home / "eai/jobs.json").unlink(missing_ok=True)
    eai.environment["EAI_PORT"] = "0"
    yield eai
    eai.environment.pop("EAI_PORT")


class Private:
    """The server's private socket."""

    def __init__(self, eai):
        (self.path,) = (eai.home / "eai/run").glob("server.sock")

    def open(self, method, target, body=None, headers=None):
        connection = http.client.HTTPConnection("localhost", timeout=WAIT)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(WAIT)
        connection.sock.connect(str(self.path))
        connection.request(method, target, body=body, headers=headers or {})
        return connection.getresponse()

    def ask(self, method, target, body=None, status=200):
        answer = self.open(method, target, body if body is None or isinstance(body, bytes) else json.dumps(body))
        text = answer.read()
        assert answer.status == status, text
        return json.loads(text)

    def events(self, target, last=None):
        """Each event as (name, id, data), until the stream ends."""
        answer = self.open("GET", target, headers={} if last is None else {"Last-Event-ID": str(last)})
        assert answer.status == 200 and answer.getheader("content-type") == "text/event-stream"
        fields = {}
        for line in answer:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name and value:
                fields[name] = value
            elif "data" in fields:
                yield fields.get("event"), int(fields.get("id", 0)), json.loads(fields["data"])
                fields = {}


def begin(eai, model, gateway, *more, **with_):
    job = eai.json("pull", "--hash", model, "--background", "--no-public-gateways", "--gateway", gateway.url, *more, **with_)
    assert job["event"] == "job" and job["kind"] == "download" and job["hash"] == model
    return job["id"]


def jobs_of(eai):
    return {job["id"]: job for job in eai.json("jobs")["jobs"]}


def wait_for(eai, job, state):
    """Until the server says that the job has this state."""
    for _, _, told in Private(eai).events("/eai/v1/events"):
        if told["id"] == job and told["state"] == state:
            return told
    raise AssertionError("the stream has ended")


def test_a_job_works_while_nobody_waits_and_its_model_is_served(home):
    model, blocks = container("later", {"later": big_gguf(6 * MIB)}, part_size=3 * MIB)
    with Gateway(blocks, hold_after=4 * MIB) as gateway:
        job = begin(home, model, gateway)
        assert gateway.holding.wait(WAIT)
        told = jobs_of(home)[job]
        assert told["state"] == "running" and told["progress"]["phase"] == "parts"
        assert told["progress"]["total"] > told["progress"]["verified"]
        table = home("jobs").stdout.splitlines()
        assert table[-1].split()[:2] == [str(job), "download"] and "running" in table[-1] and "%" in table[-1]
        watching = home.start("jobs", "watch", job, "--json")
        gateway.let_go()
        out, err = watching.communicate(timeout=WAIT)
        assert watching.returncode == 0, err
    events = [json.loads(line) for line in out.splitlines()]
    assert events[-1]["event"] == "done" and events[-1]["hash"] == model and not events[-1]["was_here"]
    verified = [event["verified"] for event in events if event["event"] == "progress"]
    assert verified == sorted(verified) and verified[-1] == told["progress"]["total"]
    served = {entry["id"] for entry in home.json("model", "status")["models"]}
    assert model in served  # the server was started with nothing to serve, and takes in what comes
    home("model", "remove", "--hash", model, "--force")


def test_a_paused_job_goes_on_without_fetching_twice(home, big):
    model, blocks = big
    total = sum(map(len, blocks.values()))
    with Gateway(blocks, hold_after=20 * MIB) as gateway:
        job = begin(home, model, gateway)
        assert gateway.holding.wait(WAIT)
        assert home("jobs", "pause", job).stdout.endswith((" is pausing\n", " is paused\n"))
        wait_for(home, job, "paused")
        gateway.let_go()
        assert home("jobs", "watch", job).stdout.strip().endswith(f"`eai jobs resume {job}` lets it go on")
        assert model not in home("ls").stdout
        assert home("jobs", "resume", model[:20]).stdout.startswith(f"job {job} ")
        assert "is here and verified" in home("jobs", "watch", job).stdout or jobs_of(home)[job]["state"] == "done"
        assert gateway.sent <= total + 3 * MIB + 8 * MIB  # what was still unread in sockets
    home("model", "check", "--hash", model)
    home("model", "remove", "--hash", model, "--force")


def test_a_killed_server_leaves_its_jobs_to_the_next_one(home, big):
    model, blocks = big
    with Gateway(blocks, hold_after=20 * MIB) as gateway:
        job = begin(home, model, gateway)
        assert gateway.holding.wait(WAIT)
        server = home.json("model", "status")
        watching = home.start("jobs", "watch", job)
        watched = Watched(server["pid"])
        assert model[:8] in watching.stderr.readline()  # it follows
        os.kill(server["pid"], signal.SIGKILL)
        assert watched.ended(WAIT)
        _, err = watching.communicate(timeout=WAIT)
        assert watching.returncode == 5 and "the server has ended" in err, err
        assert "no server is running" in home("jobs", status=3).stderr
        gateway.let_go()
        home("model", "serve", "--no-preload")
        wait_for(home, job, "done")
    home("model", "check", "--hash", model)
    home("model", "remove", "--hash", model, "--force")


def test_ctrl_c_while_watching_leaves_the_job_alone(home, big):
    model, blocks = big
    with Gateway(blocks, hold_after=4 * MIB) as gateway:
        job = begin(home, model, gateway)
        assert gateway.holding.wait(WAIT)
        watching = home.start("jobs", "watch")
        assert model[:8] in watching.stderr.readline()
        watching.send_signal(signal.SIGINT)
        _, err = watching.communicate(timeout=WAIT)
        assert watching.returncode == 130 and "The job goes on" in err
        assert jobs_of(home)[job]["state"] == "running"
        assert "is working; cancel it first" in home("jobs", "forget", job, status=7).stderr
        home("jobs", "cancel", job)
        wait_for(home, job, "cancelled")
        gateway.let_go()
    label = jobs_of(home)[job]["subject"]
    assert home("jobs", "forget", job).stdout == f"job {job} (download {label}) is forgotten\n"
    assert jobs_of(home) == {}


def test_a_failed_job_says_why_and_may_be_tried_again(home, big):
    model, blocks = big
    empty = home.home / "blocks of nobody"
    empty.mkdir(exist_ok=True)
    # A folder as the command sees it: the server works in another one.
    job = home.json("pull", "--hash", model, "--background", "--offline", "--blocks", empty.name, cwd=home.home)["id"]
    failed = home("jobs", "watch", job, status=5)
    assert "eai:" in failed.stderr and jobs_of(home)[job]["state"] == "failed"
    assert jobs_of(home)[job]["error"]["code"] in ("network", "unreachable")
    assert f"job {job}:" in home("jobs").stderr
    for cid, block in blocks.items():
        (empty / cid).write_bytes(block)
    home("jobs", "resume", job)
    assert wait_for(home, job, "done")["result"]["hash"] == model
    home("model", "remove", "--hash", model, "--force")


def test_checks_and_repairs_are_jobs_too(home):
    home("pull", "eai-demo")
    job = home.json("model", "check", "eai-demo", "--background")["id"]
    wait_for(home, job, "done")
    assert home("jobs", "watch", job).stdout.startswith("good")
    file = home.stored("eai-demo") / "model.gguf"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.chmod(0o600)
    file.write_bytes(data)
    checked = home.json("model", "check", "eai-demo", "--background")["id"]
    wait_for(home, checked, "done")
    damaged = home("jobs", "watch", checked, status=4)
    assert damaged.stdout.startswith("damaged")
    repaired = home.json("model", "repair", "eai-demo", "--background", "--offline")["id"]
    wait_for(home, repaired, "done")
    assert home("jobs", "watch", repaired).stdout.startswith("repaired")
    home("model", "check", "eai-demo")


def test_two_jobs_work_at_a_time(home):
    with Gateway({}, hold_after=0) as gateway:
        made = [container(f"model-{n}", {f"model-{n}": big_gguf(2 * MIB)}) for n in range(3)]
        for _, blocks in made:
            gateway.blocks.update(blocks)
        first, second, third = (begin(home, model, gateway) for model, _ in made)
        assert [jobs_of(home)[job]["state"] for job in (first, second, third)] == ["running", "running", "waiting"]
        home("jobs", "cancel", first)
        wait_for(home, third, "running")
        gateway.let_go()
        wait_for(home, second, "done")
        wait_for(home, third, "done")
    for model, _ in made[1:]:
        home("model", "remove", "--hash", model, "--force")


def test_a_stream_that_was_cut_goes_on_where_it_was(home, big):
    model, blocks = big
    with Gateway(blocks, hold_after=20 * MIB) as gateway:
        job = begin(home, model, gateway)
        assert gateway.holding.wait(WAIT)
        private, target = Private(home), f"/eai/v1/jobs/{job}/events"
        seen = next(number for name, number, data in private.events(target)
                    if name == "progress" and data["phase"] == "parts" and data["received"] > 0)
        gateway.let_go()
        wait_for(home, job, "done")
        rest = list(private.events(target, last=seen))
        assert [number for _, number, _ in rest[:-1]] == sorted({number for _, number, _ in rest[:-1]})
        assert rest[0][1] > seen and rest[-1][0] == "rest" and rest[-1][2]["state"] == "done"
        # A number that no event has yet is from an earlier server: everything is told.
        assert [event[1:] for event in private.events(target, last=10**9)][-2:] == [event[1:] for event in rest[-2:]]
    home("model", "remove", "--hash", model, "--force")


@pytest.mark.parametrize("body, status, says", [
    (b"no JSON", 400, "not JSON"), (b"[]", 400, "must be a JSON object"), ({}, 400, "must be one of download"),
    ({"kind": "dance", "model": "eai-demo"}, 400, "dance"), ({"kind": "download"}, 400, "\"model\" is missing"),
    ({"kind": "download", "model": "no-such-model"}, 404, "no-such-model"),
    ({"kind": "download", "model": "eai-demo", "settings": {"fetch.gateway": 1}}, 400, "fetch.gateways"),
    ({"kind": "download", "model": "eai-demo", "settings": {"fetch.connections": 0}}, 400, "fetch.connections"),
    ({"kind": "download", "model": "eai-demo", "settings": {"fetch.offline": {}}}, 400, "fetch.offline"),
    ({"kind": "download", "model": "eai-demo", "colour": "red"}, 400, "colour"),
])
def test_a_request_that_is_wrong_is_refused_in_words(eai, body, status, says):
    if not list((eai.home / "eai/run").glob("server.sock")):
        eai("model", "serve", "--no-preload", "--port", "0")
    before = jobs_of(eai)
    answer = Private(eai).ask("POST", "/eai/v1/jobs", body, status)
    assert says in answer["error"]["message"], answer
    assert jobs_of(eai) == before


def test_what_is_not_there_is_said(eai):
    for method, target, status in (("GET", "/eai/v1/jobs/77", 404), ("POST", "/eai/v1/jobs/77/pause", 404),
                                   ("GET", "/eai/v1/jobs/x/events", 404), ("PUT", "/eai/v1/jobs", 405)):
        assert "error" in Private(eai).ask(method, target, status=status)


def test_words_that_mean_nothing_here(eai):
    assert "say list, watch" in eai("jobs", "frobnicate", status=2).stderr
    assert "did you mean pause?" in eai("jobs", "pasue", "1", status=2).stderr
    assert "say which job" in eai("jobs", "pause", status=2).stderr
    assert "there is no job \"99\"" in eai("jobs", "watch", "99", status=3).stderr
    assert "--background" in eai("pull", "eai-demo", "--background", "--dry-run", status=2).stderr
    assert "nosuch" in eai("pull", "nosuch", "--background", status=3).stderr


def test_jobs_are_for_the_owner_alone(eai):
    port = eai.json("model", "status")["port"]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT)
    connection.request("GET", "/eai/v1/jobs")
    assert connection.getresponse().status == 404


def test_preserving_is_a_job_too(home):
    folder = home.home / "mine"
    folder.mkdir(exist_ok=True)
    (folder / "mine").write_bytes(big_gguf(3 * MIB))
    here = home.json("model", "preserve", folder, "--dry-run", "--task", "chat", "--ram", "1")
    words = ["model", "preserve", "mine/", "--to", "car:mine.car", "--task", "chat", "--ram", "1", "--no-keep"]
    job = home.json(*words, "--background", cwd=home.home, env={"LIGHTHOUSE_API_KEY": "a-key-of-mine"})
    assert job["kind"] == "preserve" and job["subject"] == "mine"
    told = wait_for(home, job["id"], "done")
    assert told["result"]["hash"] == here["hash"] and told["result"]["event"] == "preserved"
    watched = home("jobs", "watch", job["id"])
    assert watched.stdout.splitlines()[-1] == here["hash"]
    assert (home.home / "mine.car").stat().st_size > 3 * MIB
    assert list(home.home.glob(f"{here['hash']}*")) or list(home.home.glob("*.json"))
    assert "a-key-of-mine" not in (home.home / "eai/jobs.json").read_text()
    assert "--background" in home(*words, "--background", "--dry-run", cwd=home.home, status=2).stderr

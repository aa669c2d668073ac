"""A network that is away is named, waited for a little, and never confused with a gateway that does not exist."""
import json
import pathlib
import pickle
import re
import socket
import subprocess
import sys
import threading
import time

import pytest
from conftest import WAIT
from legacy import MIB, Gateway, big_gguf, cid_of, container

SOON = 15  # seconds, within which a command without a network has to end
FOREIGN = "10.77.0.2"  # a gateway on another machine

ELSEWHERE = """
import pickle, sys
from legacy import Gateway
blocks = pickle.load(open(sys.argv[1], "rb"))
print("here", flush=True)
sys.stdin.readline()  # the cable is plugged in
with Gateway(blocks, hold_after=int(sys.argv[2]) or None, host=sys.argv[3]) as gateway:
    print(gateway.url, flush=True)
    if gateway.hold_after:
        gateway.holding.wait()
        print("holding", flush=True)
    for line in sys.stdin:
        if line.strip() == "go": gateway.let_go()
        print(gateway.sent, flush=True)
"""


@pytest.fixture(scope="module")
def model():
    return container("far-model", {"far-model": big_gguf(24 * MIB)}, part_size=8 * MIB)


def timed(eai, *words, status=5, within=SOON, **more):
    begun = time.monotonic()
    told = eai(*words, status=status, **more)
    assert time.monotonic() - begun < within, told.stderr
    return told


def tells_no_rate(text):
    assert not re.search(r"B/s| s left| min left| h left", text), f"a rate or a time of nothing:\n{text}"


def says_no_network(told):
    assert "no network" in told.stderr, told.stderr
    assert len(told.stderr.splitlines()) <= 6, f"says the same again and again:\n{told.stderr}"
    tells_no_rate(told.stderr)


def test_a_download_says_that_there_is_no_network(eai):
    told = timed(eai, "model", "download", "qwen3-1.7b")
    says_no_network(told)
    assert "could not resolve host" in told.stderr and "same command later" in told.stderr


def test_programs_are_told_too(eai):
    told = timed(eai, "model", "download", "qwen3-1.7b", "--json")
    events = [json.loads(line) for line in told.stdout.splitlines()]
    last = events[-1]
    assert last["event"] == "error" and last["code"] == "network" and last["exit_status"] == 5
    assert "no network" in last["message"]
    waiting = [event for event in events if event["event"] == "progress" and "no network" in event.get("waits_for", "")]
    assert waiting and all(event["bytes_per_second"] is None and "seconds_left" not in event for event in waiting)
    assert all(one != next for one, next in zip(events, events[1:])), "the same event twice"


@pytest.mark.parametrize("words", [("audit", "eai-demo"), ("audit", "eai-demo,qwen3-1.7b")])
def test_an_audit_says_so_once_and_for_all(eai, words):
    told = timed(eai, "model", *words)
    assert told.stdout.count("no network") >= 2 and "bad" in told.stdout


def test_preserving_at_a_service_says_so(eai, tmp_path):
    (tmp_path / "small").mkdir()
    (tmp_path / "small/small").write_bytes(big_gguf(MIB))
    told = timed(eai, "model", "preserve", tmp_path / "small", "--ram", "1", "--task", "chat", cwd=tmp_path,
                 env={"LIGHTHOUSE_API_KEY": "secret-key"})
    assert "no network" in told.stderr and "secret-key" not in told.stderr


def test_what_is_on_this_machine_needs_no_network(eai):
    model, blocks = container("near", {"near": big_gguf(3 * MIB)}, part_size=MIB)
    with Gateway(blocks) as gateway:
        timed(eai, "model", "download", "--hash", model, "--gateway", "https://away.example", "--gateway", gateway.url,
              status=0)


def test_what_this_machine_lacks_needs_one(eai):
    with Gateway({}) as gateway:
        told = timed(eai, "model", "download", "--hash", cid_of(b"elsewhere"), "--gateway", gateway.url)
        says_no_network(told)
        assert f"{gateway.url[7:]}: HTTP 404" in told.stderr


def test_nobody_listening_is_not_an_absent_network(eai):
    told = timed(eai, "model", "download", "--hash", cid_of(b"x"), "--no-public-gateways", "--max-retries", "1",
                 "--gateway", "http://127.0.0.1:1")
    assert "no network" not in told.stderr and "no source delivers" in told.stderr


@pytest.fixture
def link():
    """This machine has a connection, which leads nowhere."""
    subprocess.run("ip link add eai9 type veth peer name eai8 && ip address add 10.99.0.1/24 dev eai9 &&"
                   "ip link set eai9 up && ip link set eai8 up && ip route add default dev eai9", shell=True, check=True)
    yield
    subprocess.run(["ip", "link", "delete", "eai9"], check=True)


class NameServer:
    """Answers every question with the same code: 3 says that there is no such name, None says nothing at all."""

    def __init__(self, folder, code):
        self.code = code
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        self.config = folder / "resolv.conf"
        self.config.write_text("nameserver 127.0.0.1\n")
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            question, peer = self.socket.recvfrom(4096)
            if not question:
                return
            if self.code is not None:
                self.socket.sendto(question[:2] + bytes([0x81, 0x80 | self.code]) + question[4:6] + bytes(6)
                                   + question[12:question.index(0, 12) + 5], peer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.sendto(b"", self.socket.getsockname())
        self.thread.join()
        self.socket.close()

    def asked_by(self, eai, *words, **more):
        """`eai WORDS`, for which this is the name server."""
        begun = time.monotonic()
        command = ["unshare", "--mount", "sh", "-c", f'mount --bind {self.config} /etc/resolv.conf && exec "$@"', "sh",
                   eai.program, *map(str, words)]
        told = subprocess.run(command, env=eai.environment, capture_output=True, text=True, timeout=WAIT)
        assert told.returncode == 5, told.stderr
        return told, time.monotonic() - begun


@pytest.mark.parametrize("names", [("wrong.example",), ("wrong.example", "also-wrong.example")])
def test_a_wrong_name_is_not_an_absent_network(eai, link, tmp_path, names):
    with NameServer(tmp_path, 3) as server:
        words = [word for name in names for word in ("--gateway", f"https://{name}")]
        told, _ = server.asked_by(eai, "model", "download", "--hash", cid_of(b"x"), "--no-public-gateways", *words)
        assert "no network" not in told.stderr
        assert all(f"{name}: could not resolve host" in told.stderr.lower() for name in names)


@pytest.mark.parametrize("code", [None, 2, 5])
def test_no_name_server_that_helps_is_an_absent_network(eai, link, tmp_path, code):
    """It says nothing, or that it failed, or that it refuses."""
    with NameServer(tmp_path, code) as server:
        told, seconds = server.asked_by(eai, "model", "download", "qwen3-1.7b")
        says_no_network(told)
        assert seconds < SOON


class Elsewhere:
    """A gateway on another machine, with a cable between us."""

    def __init__(self, folder, blocks, hold_after=0):
        (folder / "blocks").write_bytes(pickle.dumps(blocks))
        self.process = subprocess.Popen(["unshare", "--net", sys.executable, "-c", ELSEWHERE, folder / "blocks",
                                         str(hold_after), FOREIGN], cwd=pathlib.Path(__file__).parent,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        pid = self.process.pid
        other = f"nsenter --net=/proc/{pid}/ns/net ip"
        assert self.hear() == "here"  # in a network of its own
        subprocess.run(f"ip link add eai0 type veth peer name eai1 netns {pid} && ip address add 10.77.0.1/24 dev eai0 &&"
                       f"ip link set eai0 up && {other} address add {FOREIGN}/24 dev eai1 && {other} link set eai1 up",
                       shell=True, check=True)
        self.url = self.say("")

    def say(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        return self.hear()

    def hear(self):
        """What it says next; nothing if that takes too long, because then nobody asked it for anything."""
        patience = threading.Timer(WAIT, self.process.kill)
        patience.start()
        try:
            return self.process.stdout.readline().strip()
        finally:
            patience.cancel()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()
        subprocess.run(["ip", "link", "delete", "eai0"], check=False)


def test_a_gateway_on_this_machine_needs_no_cable(eai, model):
    """It has another address than loopback, and takes its time."""
    hash, blocks = model
    subprocess.run(["ip", "address", "add", f"{FOREIGN}/32", "dev", "lo"], check=True)
    try:
        with Gateway(blocks, hold_after=12 * MIB, host=FOREIGN) as gateway:
            process = eai.start("model", "download", "--hash", hash, "--no-public-gateways", "--gateway", gateway.url)
            assert gateway.holding.wait(WAIT)
            threading.Timer(4, gateway.let_go).start()
            _, err = process.communicate(timeout=WAIT)
            assert process.returncode == 0 and "no network" not in err, err
    finally:
        subprocess.run(["ip", "address", "delete", f"{FOREIGN}/32", "dev", "lo"], check=True)
    eai("model", "remove", "--hash", hash)


def pull():
    subprocess.run(["ip", "link", "set", "eai0", "down"], check=True)


def plug_in():
    subprocess.run(["ip", "link", "set", "eai0", "up"], check=True)


def test_a_cable_that_is_pulled_ends_the_download_and_the_next_goes_on(eai, model, tmp_path):
    hash, blocks = model
    words = ["model", "download", "--hash", hash, "--no-public-gateways", "--gateway"]
    with Elsewhere(tmp_path, blocks, hold_after=12 * MIB) as gateway:
        process = eai.start(*words, gateway.url)
        assert gateway.hear() == "holding"
        pull()
        begun = time.monotonic()
        _, err = process.communicate(timeout=WAIT)
        seconds = time.monotonic() - begun
        assert process.returncode == 5 and "no network" in err, err
        assert 5 < seconds < 20, f"{seconds} s\n{err}"
        tells_no_rate(err[err.index("no network"):])
        plug_in()
        gateway.say("go")
        events = [json.loads(line) for line in eai(*words, gateway.url, "--json").stdout.splitlines()]
        parts = [event for event in events if event.get("phase") == "parts" and event["received"] > 0]
        assert parts[0]["received"] > 6 * MIB, "what is here is not fetched again"
    eai("model", "check", "--hash", hash)
    eai("model", "remove", "--hash", hash)


def test_a_cable_that_is_plugged_in_again_is_enough(eai, model, tmp_path):
    hash, blocks = model
    with Elsewhere(tmp_path, blocks, hold_after=12 * MIB) as gateway:
        process = eai.start("model", "download", "--hash", hash, "--no-public-gateways", "--gateway", gateway.url)
        assert gateway.hear() == "holding"
        pull()
        seen = []
        for line in process.stderr:
            seen.append(line)
            if "no network" in line:
                break
        assert seen and re.search(r"no network, trying again for \d+ s", seen[-1]), seen
        plug_in()
        gateway.say("go")
        out, err = process.communicate(timeout=WAIT)
        assert process.returncode == 0 and "is here and verified" in out, err

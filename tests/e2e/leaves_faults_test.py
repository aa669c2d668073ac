"""What sources of a file do wrong while its leaves are fetched: each fault costs time and never the truth. The tree is on
this disk, so that all requests are for leaves."""
import email.utils
import json
import subprocess
import threading
import time

import pytest
from file_server import MODEL, FileServer, Planted, planted  # noqa: F401
from preserve_world import WAIT, World, world  # noqa: F401

MIB = 1 << 20
PAGE = b"<!doctype html><html><body>Please complete the check to go on.</body></html>"


@pytest.fixture
def other(tmp_path):
    """Another machine, with a store of its own."""
    (tmp_path / "other").mkdir()
    return World(tmp_path / "other")


def sources(*servers):
    return [word for one in servers for word in ("--source", one.url)]


def model_of(other, planted):
    return other.folder / "home/models" / planted.hash / "model.gguf"


def comes_whole(other, planted, *servers, words=()):
    """The download's events."""
    done = other.run(*planted.words, *sources(*servers), *words, "--json")
    assert done.returncode == 0, done.stderr
    assert model_of(other, planted).read_bytes() == planted.data
    return [json.loads(line) for line in done.stdout.splitlines()]


def ends_without(other, planted, *servers):
    """What was said."""
    done = other.run(*planted.words, *sources(*servers), "--max-retries", "1")
    assert done.returncode in (4, 5), done.stdout + done.stderr
    assert not model_of(other, planted).exists()
    return done.stderr


def troubles(events):
    return {source["name"]: source.get("trouble", "") for event in events if event["event"] == "progress"
            for source in event["sources"] if source.get("trouble")}


# Each of these is one more way to answer; the server's own way is the truth.

def appends(server):
    """Text behind a full body, whose length is not told."""
    def behave(request):
        body = server.data[request.begin:request.end] + b"\n\n[Gateway Error: context deadline exceeded]\n"
        request.send_response(206)
        request.send_header("Content-Range", f"bytes {request.begin}-{request.end - 1}/{len(server.data)}")
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        for chunk in (body, b""):
            request.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        return True
    return behave


def ignores_ranges(server):
    def behave(request):
        request.begin, request.end, request.ranged = 0, len(server.data), False
    return behave


def shows_a_page(server):
    def behave(request):
        server.head(request, 200, len(PAGE), kind="text/html; charset=utf-8")
        request.wfile.write(PAGE)
        return True
    return behave


def shows_a_page_as_the_file(server):
    """A page that says it is the range which was asked for."""
    def behave(request):
        server.give(request, data=PAGE * (len(server.data) // len(PAGE)) + PAGE[:len(server.data) % len(PAGE)])
        return True
    return behave


def has_another_file(server):
    other = bytes(byte ^ 0x55 for byte in server.data[:MIB]) * (len(server.data) // MIB + 1)

    def behave(request):
        server.give(request, data=other[:len(server.data)])
        return True
    return behave


def drips(server):
    def behave(_):
        server.rate = 1
    return behave


@pytest.mark.parametrize("fault,alone,said", [
    (appends, None, None), (ignores_ranges, True, None), (shows_a_page, False, "web page"),
    (shows_a_page_as_the_file, False, "another file"), (has_another_file, False, "another file"), (drips, None, None)])
def test_beside_one_that_does_it_an_honest_source_is_enough(other, planted, fault, alone, said):
    """`alone`: whether the model comes from the faulty source alone."""
    with FileServer(planted.data) as faulty, FileServer(planted.data) as honest:
        faulty.behave = fault(faulty)
        begun = time.monotonic()
        comes_whole(other, planted, faulty, honest)
        assert time.monotonic() - begun < 15
        if alone is None:
            return
        other.run("remove", "--hash", planted.hash)
        if alone:
            comes_whole(other, planted, faulty)
        else:
            told = ends_without(other, planted, faulty)
            assert faulty.name in told and (said or "") in told


def test_signed_addresses_that_expire(other, planted):
    """A hub answers with an address that it has signed, and hands out the same one for a while, also after the store
    behind it takes it no more. Both sides count requests here instead of seconds."""
    signed = {"now": 0, "uses": 0}
    refused = []
    lock = threading.Lock()

    def store_takes(request):
        number = int(request.path.rsplit("=", 1)[1])
        with lock:
            good = number == signed["now"] and signed["uses"] < 3
            signed["uses"] += good
            if not good:
                refused.append(number)
                if refused.count(number) == 2 and number == signed["now"]:
                    signed.update(now=number + 1, uses=0)
        if not good:
            store.head(request, 403, 0)
        return not good

    def hub_signs(request):
        hub.head(request, 302, 0, Location=f"http://127.0.0.1:{store.port}/object?signature={signed['now']}")
        return True

    with FileServer(planted.data, store_takes) as store, FileServer(planted.data, hub_signs) as hub:
        comes_whole(other, planted, hub)
        assert len(refused) >= 2 and signed["now"] >= 1
        assert len(hub.asked) >= len(store.asked), "the hub is asked anew, whoever refused"


def test_a_hub_that_refuses_is_not_asked_for_ever(other, planted):
    def refuses(request):
        hub.head(request, 403, 0)
        return True

    with FileServer(planted.data, refuses) as hub:
        done = other.run(*planted.words, *sources(hub))
        assert done.returncode == 5 and "HTTP 403" in done.stderr and len(hub.asked) <= 16


@pytest.mark.parametrize("size", [MODEL, 96 * MIB])
def test_all_vanish_and_come_back(world, other, size):  # noqa: F811
    path, data = world.model(size=size)
    planted = Planted(world, path)
    planted.data = data
    with FileServer(data, rate=4 * MIB) as one, FileServer(data, rate=4 * MIB) as two:
        running = other.start(*planted.words, *sources(one, two), "--json")
        gone, back = False, False
        seen = []
        for line in running.stdout:
            event = json.loads(line)
            seen.append(event)
            if not gone and event.get("received", 0) > size // 4:
                one.vanish()
                two.vanish()
                gone = True
            elif gone and not back and all(source.get("trouble") for source in event.get("sources", []) if source["name"] in
                                           (one.name, two.name)):
                one.come()
                two.come()
                back = True
        _, err = running.communicate(timeout=WAIT)
        assert running.returncode == 0 and gone and back, err
        assert model_of(other, planted).read_bytes() == planted.data
        verified = [event["verified"] for event in seen if event["event"] == "progress"]
        assert verified == sorted(verified)


def test_one_that_stalls_near_the_end_is_left_alone(other, planted):
    """What it owes is asked for elsewhere within five seconds of its last byte. Until then, nobody else can be asked."""
    limit = MODEL * 99 // 100
    stalled = []

    def stalls(request):
        if request.end <= limit:
            return False
        one.give(request, stop_at=limit)
        stalled.append(time.monotonic())
        one.hang(request)
        return True

    def is_busy_until_then(request):
        if not stalled:
            two.head(request, 503, 0, Retry_After="1")
        return not stalled

    with FileServer(planted.data, stalls) as one, FileServer(planted.data, is_busy_until_then) as two:
        comes_whole(other, planted, one, two)
        asked = [at for at, _, wanted in two.asked if int(wanted.split("-")[1]) >= limit and at > stalled[0]]
        assert asked and min(asked) - stalled[0] < 5


def test_nobody_beyond_sends_us_to_a_machine_of_ours(other, planted):
    """An address of the Internet, which is ours in this test's network, redirects to one of this machine."""
    public = "192.31.196.1"
    subprocess.run(["ip", "address", "add", f"{public}/32", "dev", "lo"], check=True)

    def redirects(request):
        far.head(request, 302, 0, Location=f"http://127.0.0.1:{near.port}/admin")
        return True

    try:
        with FileServer(planted.data) as near, FileServer(planted.data, redirects, host=public) as far:
            done = other.run(*planted.words, *sources(far), "--plain-http", "--max-retries", "1")
            assert done.returncode == 5 and "not allowed" in done.stderr, done.stderr
            assert far.asked and not near.asked
    finally:
        subprocess.run(["ip", "address", "delete", f"{public}/32", "dev", "lo"], check=True)


@pytest.mark.parametrize("years", [-1, 1])
def test_a_clock_that_is_years_off(other, planted, years):
    """Ours is as wrong as the server's: only the difference between the two can be seen. The server names the time at
    which it wants to be asked again by its own clock."""
    def is_busy(request):
        if len(busy.asked) > 1:
            return False
        there = time.time() + years * 365 * 86400
        request.send_response_only(503)
        request.send_header("Date", email.utils.formatdate(there, usegmt=True))
        request.send_header("Retry-After", email.utils.formatdate(there + 1, usegmt=True))
        request.send_header("Content-Length", "0")
        request.end_headers()
        return True

    with FileServer(planted.data, is_busy) as busy:
        comes_whole(other, planted, busy)


def test_two_processes_fetch_the_leaves_once(other, planted):
    asked = threading.Event()
    with FileServer(planted.data, lambda _: asked.set()) as server:
        server.gate.clear()
        first = other.start(*planted.words, *sources(server))
        assert asked.wait(WAIT)  # and gets nothing yet
        second = other.start(*planted.words, *sources(server))
        assert any("another eai" in line for line in second.stderr)
        server.gate.set()
        for one in (first, second):
            out, err = one.communicate(timeout=WAIT)
            assert one.returncode == 0 and "is here" in out, err
        assert server.sent <= len(planted.data)
    assert model_of(other, planted).read_bytes() == planted.data

"""What a download learns about its sources is remembered for a day: who lied is asked last, and who was fast is asked first."""
import json
import os
import pathlib
import shutil
import signal
import stat
import subprocess
import sys
import time

import pytest
from conftest import WAIT
from legacy import MIB, Gateway, big_gguf, container

DAY = 24 * 3600
WORDS = "less than a day ago"


@pytest.fixture(autouse=True)
def fresh(eai):
    """Nothing is remembered from the test before, whose ports may be in use again."""
    remove(memory(eai))
    yield
    remove(memory(eai))
    eai.configure("")


def memory(eai):
    return eai.home / "eai/sources.json"


def remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def remembered(eai, gateway):
    return json.loads(memory(eai).read_text()).get(gateway.url, {})


def put(eai, what):
    file = memory(eai)
    file.touch(mode=0o600)
    file.write_text(what if isinstance(what, str) else json.dumps(what))


def age(eai, seconds):
    """As if all of it had been learned so much earlier."""
    all_of_them = json.loads(memory(eai).read_text())
    put(eai, {url: {key: value - seconds if key.endswith("_at") else value for key, value in one.items()}
              for url, one in all_of_them.items()})


class Models:
    """Any number of small models, which all gateways have."""

    def __init__(self):
        self.blocks = {}

    def make(self, size=MIB):
        name = f"model-{len(self.blocks)}"
        model, blocks = container(name, {name: big_gguf(size)}, part_size=64 * MIB)
        self.blocks |= blocks
        return model


@pytest.fixture
def models():
    return Models()


def words(model, *gateways):
    return ["model", "download", "--hash", model, "--no-public-gateways", *[word for one in gateways for word in ("--gateway", one.url)]]


def download(eai, model, *gateways, **more):
    return eai(*words(model, *gateways), **more)


def test_a_liar_is_not_asked_again_until_the_next_day(eai, models):
    with Gateway(models.blocks, lie=True) as liar, Gateway(models.blocks) as honest:
        first = download(eai, models.make(), liar, honest)
        assert WORDS not in first.stderr and "sent wrong bytes" in first.stderr
        asked = liar.asked
        assert asked > 0 and abs(remembered(eai, liar)["lied_at"] - time.time()) < WAIT
        assert "lied_at" not in remembered(eai, honest)

        second = download(eai, models.make(), liar, honest)
        assert liar.asked == asked
        line = next(line for line in second.stderr.splitlines() if WORDS in line)
        until = time.strftime("%Y-%m-%d %H:%M", time.localtime(remembered(eai, liar)["lied_at"] + DAY))
        assert liar.url.removeprefix("http://") in line and f"until {until}" in line and str(memory(eai)) in line
        assert honest.url.removeprefix("http://") not in line and second.stderr.count(WORDS) == 1

        age(eai, 25 * 3600)
        again = download(eai, models.make(), liar, honest)
        assert liar.asked > asked and WORDS not in again.stderr
        assert abs(remembered(eai, liar)["lied_at"] - time.time()) < WAIT


@pytest.mark.parametrize("where", ["configuration", "environment"])
def test_it_does_not_matter_where_a_liar_is_named(eai, models, where):
    with Gateway(models.blocks, lie=True) as liar, Gateway(models.blocks) as honest:
        more = {"env": {"EAI_GATEWAYS": f"{liar.url},{honest.url}"}} if where == "environment" else {}
        if where == "configuration":
            eai.configure(f'[fetch]\ngateways = ["{liar.url}", "{honest.url}"]\n')
        download(eai, models.make(), **more)
        asked = liar.asked
        download(eai, models.make(), **more)
        assert liar.asked == asked > 0 and honest.asked > 0


def test_programs_are_told_of_a_liar_too(eai, models):
    with Gateway(models.blocks, lie=True) as liar, Gateway(models.blocks) as honest:
        download(eai, models.make(), liar, honest)
        events = [json.loads(line) for line in eai(*words(models.make(), liar, honest), "--json").stdout.splitlines()]
        sources = next(event for event in reversed(events) if event["event"] == "progress")["sources"]
        trouble = {source["name"]: source["trouble"] for source in sources if source["name"].startswith("127.")}
        assert WORDS in trouble[liar.url.removeprefix("http://")] and trouble[honest.url.removeprefix("http://")] == ""


def test_who_lied_is_asked_for_what_nobody_else_has(eai, models):
    with Gateway(models.blocks, lie=True) as liar, Gateway({}) as empty:
        download(eai, models.make(), liar, status=4)
        assert remembered(eai, liar)["lied_at"]
        refused = download(eai, models.make(), liar, empty, status=5)
        assert "404" in refused.stderr and WORDS in refused.stderr
        liar.lie = False
        download(eai, models.make(), liar)
        download(eai, models.make(), liar, empty)
        assert remembered(eai, liar)["lied_at"], "a day is a day"


def test_a_clock_that_is_wrong_bans_nobody(eai, models):
    with Gateway(models.blocks) as first, Gateway(models.blocks) as second:
        for when in (time.time() + 3600, time.time() + 365 * DAY, time.time() - DAY - 1, 0, -1, 1 << 62):
            put(eai, {first.url: {"lied_at": int(when)}})
            asked = first.asked
            assert WORDS not in download(eai, models.make(), first, second).stderr
            assert first.asked > asked
            assert "lied_at" not in remembered(eai, first), "it may not come true later"


@pytest.mark.parametrize("damage", ["", "{", "[1, 2]", "[" * 50_000, "x" * MIB, '{"http://127.0.0.1:1": {"lied_at": "now"}}'])
def test_a_damaged_file_is_written_anew(eai, models, damage):
    with Gateway(models.blocks, lie=True) as liar, Gateway(models.blocks) as honest:
        put(eai, damage)
        done = download(eai, models.make(), liar, honest)
        assert "sources.json" not in done.stderr
        assert set(json.loads(memory(eai).read_text())) <= {liar.url, honest.url} and remembered(eai, liar)["lied_at"]
        assert stat.S_IMODE(memory(eai).stat().st_mode) == 0o600


@pytest.mark.parametrize("what", ["a folder", "a link", "a lock that is a folder", "a file for reading only"])
def test_where_it_cannot_be_kept_the_download_goes_on(eai, models, tmp_path, what):
    elsewhere, lock = tmp_path / "elsewhere", eai.home / "eai/locks/sources.lock"
    elsewhere.write_text("precious")
    with Gateway(models.blocks, lie=True) as liar, Gateway(models.blocks) as honest:
        remove(lock)
        if what == "a folder":
            (memory(eai) / "in the way").mkdir(parents=True)
        elif what == "a link":
            memory(eai).symlink_to(elsewhere)
        elif what == "a lock that is a folder":
            lock.mkdir(parents=True)
        else:
            put(eai, "{}")
            os.chmod(memory(eai), 0o400)
        try:
            done = download(eai, models.make(), liar, honest)
            assert "sources.json" not in done.stderr and "sources.lock" not in done.stderr
            assert elsewhere.read_text() == "precious"
            assert sorted(path.name for path in (eai.home / "eai").glob("*sources*")) in (["sources.json"], [])
        finally:
            remove(lock)


def test_a_kill_does_not_lose_a_lie(eai, models):
    model = models.make(40 * MIB)
    with Gateway(models.blocks, lie=True) as liar, Gateway(models.blocks, hold_after=10 * MIB) as honest:
        process = eai.start(*words(model, liar, honest))
        assert honest.holding.wait(WAIT), process.communicate()
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=WAIT)
        assert remembered(eai, liar)["lied_at"]


def test_what_an_interrupted_download_learned_is_kept(eai, models, tmp_path):
    model = models.make(40 * MIB)
    for cid, block in models.blocks.items():
        (tmp_path / cid).write_bytes(block)
    rate = 5_000_000  # of each of its answers
    fake = pathlib.Path(__file__).parents[1] / "fakes/lying_gateway.py"
    gateway = subprocess.Popen([sys.executable, fake, "--blocks", tmp_path, "--rate", str(rate)], text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        url = gateway.stdout.readline().strip()
        process = eai.start("model", "download", "--hash", model, "--no-public-gateways", "--gateway", url, "--connections", "1", "--json")
        assert any(json.loads(line).get("received", 0) > rate for line in process.stdout)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=WAIT)
        assert rate / 3 < json.loads(memory(eai).read_text())[url]["bytes_per_second"] < rate * 1.5
    finally:
        gateway.communicate()


def test_processes_add_to_what_others_learned(eai, models):
    liars = [Gateway(models.blocks, lie=True) for _ in range(4)]
    with Gateway(models.blocks) as honest:
        running = [eai.start(*words(models.make(), liar, honest)) for liar in liars]
        for process in running:
            assert process.wait(WAIT) == 0, process.communicate()
            process.communicate()
        assert all(remembered(eai, liar)["lied_at"] for liar in liars)
    for liar in liars:
        liar.__exit__()


def test_who_was_fast_is_asked_first_and_the_other_has_its_chance(eai, models):
    with Gateway(models.blocks) as slow, Gateway(models.blocks) as fast:
        now = int(time.time())
        put(eai, {slow.url: {"bytes_per_second": 100_000, "measured_at": now},
                  fast.url: {"bytes_per_second": 50_000_000, "measured_at": now}})
        download(eai, models.make(), slow, fast)
        assert fast.sent > MIB > slow.sent, "one part is one request"
        before = slow.sent
        download(eai, models.make(60 * MIB), slow, fast)
        assert slow.sent - before > MIB


def test_no_secret_reaches_the_file(eai, models):
    model = models.make()
    with Gateway(models.blocks) as honest:
        download(eai, model, honest)
        sources = ["--source", f"{honest.url}/file.gguf?X-Amz-Signature=hidden", "--gateway", f"{honest.url}/below"]
        put(eai, {})
        eai(*words(models.make(), honest), *sources, env={"HF_TOKEN": "hf_hidden"})
        eai(*words(models.make(40 * MIB), honest), *sources)
        assert "hidden" not in memory(eai).read_text() and "below" not in memory(eai).read_text()

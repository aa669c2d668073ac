"""A model comes from gateways: whole or not at all, whatever the gateways do and whenever the program is killed."""
import signal

import pytest
from conftest import WAIT
from legacy import MIB, Gateway, big_gguf, cid_of, container


@pytest.fixture(scope="module")
def big():
    """A model of 160 MiB in three parts."""
    return container("big-model", {"big-model": big_gguf(160 * MIB)})


def download(eai, model, *gateways, **more):
    words = [word for gateway in gateways for word in ("--gateway", gateway.url)]
    return eai("model", "download", "--hash", model, "--no-public-gateways", *words, **more)


def test_killed_download_goes_on_where_it_was(eai, big):
    model, blocks = big
    total = sum(map(len, blocks.values()))
    with Gateway(blocks, hold_after=100 * MIB) as gateway:
        process = eai.start("model", "download", "--hash", model, "--no-public-gateways", "--gateway", gateway.url)
        assert gateway.holding.wait(WAIT), process.communicate()
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=WAIT)
        first = gateway.sent
    with Gateway(blocks) as gateway:
        download(eai, model, gateway)
        # At most 16 MiB again for each of the three parts, and what lay unread in sockets when the program died.
        assert gateway.sent <= total - first + 3 * 16 * MIB + 8 * MIB
        assert gateway.sent < total
    eai("model", "check", "--hash", model)


def test_model_that_is_here_is_not_asked_for(eai, big):
    model, blocks = big
    with Gateway(blocks) as gateway:
        download(eai, model, gateway)
        assert gateway.asked == 0


def test_lying_gateway_costs_time_not_truth(eai):
    model, blocks = container("small-model", {"small-model": big_gguf(3 * MIB)}, part_size=2 * MIB)
    with Gateway(blocks, lie=True) as liar, Gateway(blocks) as honest:
        download(eai, model, liar, honest)
    eai("model", "check", "--hash", model)


def test_only_liars_is_an_error_and_leaves_nothing(eai):
    model, blocks = container("lied-about", {"lied-about": big_gguf(MIB)})
    with Gateway(blocks, lie=True) as liar:
        refused = download(eai, model, liar, status=5)
        assert liar.url.removeprefix("http://") in refused.stderr
    eai("model", "check", "--hash", model, status=3)


def test_nobody_has_it(eai):
    with Gateway({}) as empty:
        refused = download(eai, cid_of(b"nobody has this"), empty, status=5)
        assert "404" in refused.stderr


def test_offline_asks_nobody(eai):
    model, blocks = container("not-here", {"not-here": big_gguf(MIB)})
    with Gateway(blocks) as gateway:
        refused = eai("model", "download", "--hash", model, "--offline", "--gateway", gateway.url, status=5)
        assert model in refused.stderr and gateway.asked == 0

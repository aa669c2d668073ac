"""The real peers of these tests, tried on each other: what they cannot do among themselves would prove nothing about
eai."""
import random

import pytest

import helia
from peers import Router, fetching_kubo
from preserve_world import kubo  # noqa: F401

NOBODY_HAS = "bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"


@pytest.fixture(scope="module")
def file(kubo):  # noqa: F811
    """A file of several blocks, and its CID at the node."""
    data = random.Random(7).randbytes(3_000_000)
    path = kubo.folder.parent / "file"
    path.write_bytes(data)
    return kubo.run("add", "-Q", "--cid-version=1", str(path)).strip(), data


@pytest.fixture
def fetching(kubo, tmp_path):  # noqa: F811
    node = fetching_kubo(tmp_path, kubo.gateway.rsplit(":", 1)[1])
    yield node
    node.stop()
    node.router.stop()


def test_helia_fetches_from_a_gateway(kubo, file):  # noqa: F811
    cid, data = file
    assert helia.fetch(kubo.gateway, cid) == data


def test_helia_says_in_a_line_what_failed():
    no_gateway = Router()  # it answers 404
    try:
        with pytest.raises(helia.Failed) as failed:
            helia.fetch(no_gateway.url, NOBODY_HAS)
    finally:
        no_gateway.stop()
    assert NOBODY_HAS in str(failed.value) and "404" in str(failed.value) and "\n" not in str(failed.value)


def test_kubo_fetches_from_a_gateway(fetching, file):
    cid, data = file
    assert not fetching.has(cid)
    assert fetching.output("cat", cid) == data
    assert fetching.has(cid)

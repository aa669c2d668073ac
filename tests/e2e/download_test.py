"""A model arrives from gateways complete or not at all, whatever the gateways do and whenever the program is killed."""
import json
import pathlib
import resource
import signal
import subprocess

import pytest
from conftest import WAIT
from legacy import MIB, Gateway, big_gguf, cid_of, container


@pytest.fixture(scope="module")
def big():
    """A model of 160 MiB in three parts."""
    return container("big-model", {"big-model": big_gguf(160 * MIB)})


def download(eai, model, *gateways, **more):
    """`gateways` and other words of the command line."""
    words = [word for one in gateways for word in (("--gateway", one.url) if isinstance(one, Gateway) else (one,))]
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
        # At most 16 MiB are fetched again for each of the three parts, and what was still unread in sockets when the
        # program died.
        assert gateway.sent <= total - first + 3 * 16 * MIB + 8 * MIB
        assert gateway.sent < total
    eai("model", "check", "--hash", model)


def test_two_processes_download_a_model_once(eai):
    model, blocks = container("shared", {"shared": big_gguf(6 * MIB)}, part_size=4 * MIB)
    with Gateway(blocks, hold_after=2 * MIB) as gateway:
        words = ["model", "download", "--hash", model, "--no-public-gateways", "--gateway", gateway.url]
        first = eai.start(*words)
        assert gateway.holding.wait(WAIT), first.communicate()  # it holds the lock and waits for bytes
        second = eai.start(*words)
        assert any("another eai" in line for line in second.stderr)
        gateway.let_go()
        assert "is here" in first.communicate(timeout=WAIT)[0] and "is here" in second.communicate(timeout=WAIT)[0]
        assert first.returncode == second.returncode == 0
        assert gateway.sent == sum(map(len, blocks.values()))


def test_model_that_is_here_is_not_asked_for(eai, big):
    model, blocks = big
    with Gateway(blocks) as gateway:
        download(eai, model, gateway)
        assert gateway.asked == 0


def test_progress_is_told_as_events_and_as_plain_lines(eai):
    model, blocks = container("told", {"told": big_gguf(8 * MIB)}, part_size=3 * MIB)
    total = sum(map(len, blocks.values())) - len(blocks[model])
    with Gateway(blocks) as one, Gateway(blocks) as two:
        events = [json.loads(line) for line in download(eai, model, one, two, "--json").stdout.splitlines()]
        assert events[-1]["event"] == "done" and events[-1]["bytes"] > 8 * MIB and not events[-1]["was_here"]
        told = [event for event in events if event["event"] == "progress"]
        phases = [event["phase"] for event in told]
        assert phases[0] == "metadata" and "parts" in phases and phases[-1] == "done"
        verified = [event["verified"] for event in told]
        assert verified == sorted(verified) and verified[-1] == told[-1]["total"] == total
        sources = {source["name"]: source["bytes"] for source in told[-1]["sources"] if source["bytes"]}
        assert sum(sources.values()) == total
        assert set(sources) <= {gateway.url.removeprefix("http://") for gateway in (one, two)}

        eai("model", "remove", "--hash", model)
        plain = download(eai, model, one, two)
        assert "\r" not in plain.stderr and " MB (" in plain.stderr
        assert "is here and verified" in plain.stdout and model in plain.stdout


def test_lying_gateway_costs_time_not_truth(eai):
    model, blocks = container("small-model", {"small-model": big_gguf(3 * MIB)}, part_size=2 * MIB)
    with Gateway(blocks, lie=True) as liar, Gateway(blocks) as honest:
        download(eai, model, liar, honest)
    eai("model", "check", "--hash", model)


def test_only_liars_is_an_error_and_leaves_nothing(eai):
    model, blocks = container("lied-about", {"lied-about": big_gguf(MIB)})
    with Gateway(blocks, lie=True) as liar:
        refused = download(eai, model, liar, status=4)
        assert liar.url.removeprefix("http://") in refused.stderr
    eai("model", "check", "--hash", model, status=3)
    assert eai.json("model", "list")["unfinished"] == []


def test_nobody_has_it(eai):
    with Gateway({}) as empty:
        refused = download(eai, cid_of(b"nobody has this"), empty, status=5)
        assert "404" in refused.stderr


def test_without_a_network_each_public_gateway_is_named(eai):
    refused = eai("model", "run", "qwen3-1.7b", "--max-retries", "0", status=5)
    for name in ("gateway.lighthouse.storage", "ipfs.io", "dweb.link", "trustless-gateway.link"):
        assert f"{name}: could not resolve host" in refused.stderr.lower()
    assert refused.stderr.startswith("qwen3-1.7b: ") and "continue from here" in refused.stderr
    assert eai.json("model", "list")["unfinished"] == []


def test_a_disk_that_takes_no_more(eai):
    """Stands in for a full disk: no file may grow beyond 4 MiB."""
    model, blocks = container("large", {"large": big_gguf(12 * MIB)}, part_size=16 * MIB)
    total = sum(map(len, blocks.values()))
    with Gateway(blocks) as gateway:
        refused = download(eai, model, gateway, "--connections", "1", status=8, restore_signals=False,  # Python ignores SIGXFSZ
                           preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4 * MIB, 4 * MIB)))
        assert "File too large" in refused.stderr and "partial" in refused.stderr and gateway.url[7:] not in refused.stderr
        kept = eai.json("model", "list")["unfinished"][0]["bytes"]
        assert kept > 2 * MIB
        before = gateway.sent
        download(eai, model, gateway)
        assert gateway.sent - before < total - MIB, "what is here is not fetched again"
    eai("model", "check", "--hash", model)


def test_offline_asks_nobody(eai):
    model, blocks = container("not-here", {"not-here": big_gguf(MIB)})
    with Gateway(blocks) as gateway:
        refused = eai("model", "download", "--hash", model, "--offline", "--gateway", gateway.url, status=5)
        assert model in refused.stderr and "--offline" in refused.stderr and gateway.asked == 0


def test_plain_http_beyond_private_networks_is_not_tried_again(eai):
    public = "203.0.113.1"  # reserved for examples; here it is an address of ours
    subprocess.run(["ip", "address", "add", f"{public}/32", "dev", "lo"], check=True)
    model, blocks = container("public", {"public": big_gguf(MIB)})
    with Gateway(blocks, host=public) as gateway:
        refused = download(eai, model, gateway, status=5)
        assert "--plain-http" in refused.stderr and "waits" not in refused.stderr and gateway.asked == 0
        download(eai, model, gateway, "--plain-http")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Two files that each hold a certificate and its key: one for this address, one for another name."""
    made = {}
    for name, subject in (("right", "IP:127.0.0.1"), ("other", "DNS:elsewhere.example")):
        made[name] = tmp_path_factory.mktemp("tls") / "both.pem"
        pem = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                              "-subj", "/CN=test", "-addext", f"subjectAltName={subject}", "-keyout", "-", "-out", "-"],
                             check=True, capture_output=True, text=True).stdout
        made[name].write_text(pem)
    return made


@pytest.mark.parametrize("certificate,trusted,status", [("right", True, 0), ("right", False, 5), ("other", True, 5)])
def test_certificates_are_verified(eai, certificates, certificate, trusted, status):
    model, blocks = container(f"secure-{certificate}-{trusted}", {f"secure-{certificate}-{trusted}": big_gguf(MIB)})
    trust = {"SSL_CERT_FILE": str(certificates[certificate])} if trusted else {}
    with Gateway(blocks, tls=certificates[certificate]) as gateway:
        told = download(eai, model, gateway, "--max-retries", "0", status=status, env=trust)
        assert bool(gateway.asked) == (status == 0) and ("certificate" in told.stderr.lower()) == (status != 0)


def test_damaged_model_is_fetched_again(eai):
    model, blocks = container("rotten", {"rotten": big_gguf(5 * MIB)}, part_size=2 * MIB)
    with Gateway(blocks) as gateway, Gateway({}) as empty:
        download(eai, model, gateway)
        stored = next(one for one in eai.json("model", "list")["models"] if one["hash"] == model)
        file = pathlib.Path(stored["folder"]) / "model.gguf"
        whole = file.read_bytes()
        file.write_bytes(whole[:3 * MIB] + bytes([whole[3 * MIB] ^ 1]) + whole[3 * MIB + 1:])
        assert "eai model repair" in eai("model", "check", "--hash", model, status=4).stderr
        # From now on every command knows about it, and nothing runs on it.
        assert eai.json("model", "list")["damaged"][0]["hash"] == model
        assert "changed on this disk" in download(eai, model, empty, status=5).stderr
        assert "downloading it again" in download(eai, model, gateway).stderr
    assert file.read_bytes() == whole
    eai("model", "check", "--hash", model)

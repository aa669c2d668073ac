"""Models whose files are trees come leaf by leaf: from a real kubo node, from one that gives single blocks only, and from
any URL that has the file."""
import http.server
import json
import pathlib
import sys
import threading

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "bench"))
from nginx import Nginx
from peers import Kubo
from preserve_world import World, kubo, node, world  # noqa: F401

MIB = 1 << 20


@pytest.fixture(scope="module")
def trustless(tmp_path_factory):
    yield from node(tmp_path_factory, trustless=True)


@pytest.fixture
def other(tmp_path):
    """Another machine, with a store of its own."""
    (tmp_path / "other").mkdir()
    return World(tmp_path / "other")


@pytest.fixture
def web(tmp_path):
    """nginx over a folder, and a log of the bytes of each answer."""
    (tmp_path / "www").mkdir()
    server = Nginx(tmp_path / "nginx", f"root {tmp_path}/www; access_log {tmp_path}/sent plain;", 'log_format plain "$body_bytes_sent";')
    server.folder = tmp_path / "www"
    server.sent = lambda: sum(map(int, (tmp_path / "sent").read_text().split())) if (tmp_path / "sent").exists() else 0
    yield server
    server.stop()


def download(world, model, *words):
    done = world.run("download", "--hash", model, "--no-public-gateways", *words)
    assert done.returncode == 0, done.stderr
    return world.folder / "home/models" / model


def v0_model(world, kubo, size=3_000_000):
    """As `ipfs add` has made models since 2015, with metadata written by hand."""
    path, data = world.model(size=size)
    root = kubo.run("add", "-Q", str(path / "tiny")).strip()
    found = world.hash("--folder-path", path, "--format", "unixfs", "--to", f"kubo:{kubo.api}", "--no-keep")
    metadata = json.loads(kubo.get(found))
    metadata["files"][0]["cid"] = root
    for extra in [key for key in metadata if "tree" in key]:
        del metadata[extra]  # it is of the other tree
    return kubo.add(json.dumps(metadata).encode()), data


@pytest.mark.parametrize("form", ["fixed", "tensor", "archive", "v0"])
@pytest.mark.parametrize("gateway", ["files", "blocks"])
def test_every_form_from_kubo(world, other, kubo, trustless, form, gateway):
    node = kubo if gateway == "files" else trustless
    if form == "v0":
        found, data = v0_model(world, node)
    else:
        path, data = world.model(size=5_000_000)
        words = ("--zip-chunk-size", 3) if form == "archive" else ("--format", "unixfs", "--layout", form)
        found = world.hash("--folder-path", path, "--to", f"kubo:{node.api}", "--no-keep", *words)
    model = download(other, found, "--gateway", node.gateway)
    assert (model / "model.gguf").read_bytes() == data
    assert other.run("check", found).returncode == 0
    if form != "archive":
        assert [tree.name for tree in (model / "trees").iterdir()] == ["0.car"]


def test_a_bare_url_has_the_bytes_and_kubo_the_tree(world, other, trustless, web):
    path, data = world.model(size=40 * MIB)
    (web.folder / "any name.bin").write_bytes(data)
    found = world.hash("--folder-path", path, "--format", "unixfs", "--to", f"kubo:{trustless.api}", "--no-keep")
    model = download(other, found, "--gateway", trustless.gateway, "--source", f"{web.url}/any%20name.bin")
    assert (model / "model.gguf").read_bytes() == data
    assert web.sent() > 10 * MIB


def test_a_hub_is_found_by_what_the_metadata_say(world, other, trustless, web):
    path, data = world.model(size=4 * MIB)
    file = web.folder / "someone/tiny-GGUF/resolve/main/tiny-Q8.gguf"
    file.parent.mkdir(parents=True)
    file.write_bytes(data)
    found = world.hash("--folder-path", path, "--format", "unixfs", "--hf-repo", "someone/tiny-GGUF", "--hf-file", "tiny-Q8.gguf",
                       "--to", f"kubo:{trustless.api}", "--no-keep")
    other.environment |= {"HF_ENDPOINT": web.url, "HF_TOKEN": "hf_secret"}
    model = download(other, found, "--gateway", trustless.gateway, "--source", "hf")
    assert (model / "model.gguf").read_bytes() == data
    plain = world.hash("--folder-path", world.model("plain", size=MIB)[0], "--format", "unixfs", "--to", f"kubo:{trustless.api}", "--no-keep")
    done = other.run("download", "--hash", plain, "--no-public-gateways", "--gateway", trustless.gateway, "--source", "hf")
    assert done.returncode != 0 and "Hugging Face" in done.stderr and "hf_secret" not in done.stderr + done.stdout


def test_the_hubs_token_stays_with_the_hub(world, other, trustless, web):
    """A hub sends those who ask for a file to another host, by an address that it signs anew for each range."""
    path, data = world.model(size=4 * MIB)
    (web.folder / "signed").write_bytes(data)
    seen = []

    class Hub(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            seen.append((self.server.name, self.path, self.headers.get("Authorization")))
            if self.server.name == "hub":
                self.send_response(302)
                self.send_header("Location", f"http://localhost:{store.server_port}/signed?once={len(seen)}")
            else:
                self.send_response(302)
                self.send_header("Location", f"{web.url}/signed")
            self.send_header("Content-Length", "0")
            self.end_headers()

    hub, store = (http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub) for _ in range(2))
    hub.name, store.name = "hub", "store"
    for server in (hub, store):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    found = world.hash("--folder-path", path, "--format", "unixfs", "--hf-repo", "some one/tiny?GGUF#x", "--hf-file", "a b.gguf",
                       "--to", f"kubo:{trustless.api}", "--no-keep")
    other.environment |= {"HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}", "HF_TOKEN": "hf_secret"}
    try:
        model = download(other, found, "--gateway", trustless.gateway, "--source", "hf")
    finally:
        for server in (hub, store):
            server.shutdown()
    assert (model / "model.gguf").read_bytes() == data
    asked = [one for one in seen if one[0] == "hub"]
    assert asked and all(one[1:] == ("/some%20one/tiny%3FGGUF%23x/resolve/main/a%20b.gguf", "Bearer hf_secret") for one in asked), seen
    assert all(token is None for name, _, token in seen if name == "store") and len(asked) < len(seen), seen


def test_a_file_on_a_stick_needs_no_network_but_for_the_tree(world, other, kubo):
    path, data = world.model(size=8 * MIB)
    found = world.hash("--folder-path", path, "--format", "unixfs", "--to", f"kubo:{kubo.api}", "--no-keep")
    done = other.run("download", "--hash", found, "--no-public-gateways", "--gateway", kubo.gateway, "--source", path / "tiny", "--json")
    assert done.returncode == 0, done.stderr
    progress = [line for line in map(json.loads, done.stdout.splitlines()) if line["event"] == "progress"]
    by_name = {source["name"]: source["bytes"] for source in progress[-1]["sources"]}
    assert by_name[str(path / "tiny")] == len(data)

"""Real peers for tests: kubo nodes that talk only to us, and stand-ins for services on top of them."""
import base64
import http.server
import json
import os
import pathlib
import select
import subprocess
import sys
import threading
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
WAIT = 120


def kubo_program():
    return subprocess.run([ROOT / "setup/kubo.sh"], check=True, capture_output=True, text=True).stdout.strip()


class Router:
    """A delegated router: whatever it is asked for, it says that one peer has it, at these multiaddresses; with none,
    that nobody has it."""

    PEER = "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG"  # any ID will do: over HTTP nobody proves who he is

    def __init__(self, *multiaddresses):
        peers = [{"Schema": "peer", "ID": self.PEER, "Addrs": list(multiaddresses)}] if multiaddresses else []
        answers = {"providers": json.dumps({"Providers": peers}), "peers": json.dumps({"Peers": peers})}

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                answer = answers.get(self.path.removeprefix("/routing/v1/").split("/")[0], "")
                self.send_response(200 if answer else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer.encode())

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Kubo:
    """A private node on loopback, without bootstrap and routing, with RPC and gateway on free ports. With `swarm`,
    other nodes can fetch from it. `trustless`: its gateway gives single blocks and no files. With `router`, it fetches
    what it lacks over HTTP, from those whom this one names."""

    def __init__(self, folder, swarm=False, trustless=False, router=None):
        self.folder = folder
        self.program = kubo_program()
        self.environment = {**os.environ, "IPFS_PATH": str(folder)}
        self.run("init", "--profile=test")
        config = json.loads((folder / "config").read_text())
        config["Bootstrap"] = []
        config["Addresses"] |= {"API": "/ip4/127.0.0.1/tcp/0", "Gateway": "/ip4/127.0.0.1/tcp/0",
                                "Swarm": ["/ip4/127.0.0.1/tcp/0"] if swarm else []}
        config["Gateway"]["DeserializedResponses"] = not trustless
        config["Routing"]["Type"] = "none"
        if router:
            config["Routing"] |= {"Type": "delegated", "DelegatedRouters": [router.url]}
            config["Provide"] = {"Enabled": False}  # without a router that takes records, it would not start
            config["AutoConf"] = {"Enabled": False}
            config["Ipns"]["DelegatedPublishers"] = []
        (folder / "config").write_text(json.dumps(config))
        self.start()

    def start(self):
        self.process = subprocess.Popen([self.program, "daemon"], env=self.environment, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if "Daemon is ready" in line:
                break
        else:
            raise RuntimeError("kubo did not start:\n" + "".join(lines))
        self.api = "http://127.0.0.1:" + (self.folder / "api").read_text().strip().rsplit("/", 1)[1]
        self.gateway = (self.folder / "gateway").read_text().strip()

    def run(self, *words):
        return subprocess.run([self.program, *words], env=self.environment, check=True, capture_output=True, text=True).stdout

    def output(self, *words):
        """The bytes that it writes."""
        return subprocess.run([self.program, *words], env=self.environment, check=True, capture_output=True).stdout

    def rpc(self, path):
        with urllib.request.urlopen(urllib.request.Request(f"{self.api}/api/v0/{path}", b"")) as reply:
            return reply.read()

    def get(self, cid):
        """The content of a file or block, by RPC because not every gateway gives files."""
        return self.rpc(f"cat?arg={cid}")

    def add(self, data):
        """Its CID, as one raw block."""
        done = subprocess.run([self.program, "block", "put", "--cid-codec=raw"], env=self.environment, check=True,
                              capture_output=True, input=data)
        return done.stdout.decode().strip()

    def has(self, cid):
        """Whether all of `cid` is in this node, without asking others."""
        try:
            self.rpc(f"dag/stat?offline=true&progress=false&arg={cid}")
            return True
        except urllib.error.HTTPError:
            return False

    def pins(self):
        return set(json.loads(self.rpc("pin/ls?type=recursive"))["Keys"])

    def block_file(self, cid):
        """Where the node keeps a block (flatfs, named by the multihash in base32)."""
        multihash = base64.b32decode(cid[1:].upper() + "=" * (-len(cid[1:]) % 8))[2:]
        name = base64.b32encode(multihash).decode().rstrip("=")
        return self.folder / "blocks" / name[-3:-1] / f"{name}.data"

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def fetching_kubo(folder, gateway_port):
    """A node that fetches whatever it lacks from a gateway on loopback, over plain HTTP and nothing else. Its router,
    `.router`, is to be stopped after it."""
    router = Router(f"/ip4/127.0.0.1/tcp/{gateway_port}/http")
    try:
        node = Kubo(folder, router=router)
    except BaseException:
        router.stop()
        raise
    node.router = router
    return node


class StandIn:
    """A service of tests/fakes that takes orders and reports what it was asked (service.py)."""

    def __init__(self, script, *options):
        self.process = subprocess.Popen([sys.executable, ROOT / "tests/fakes" / script, *options], stdout=subprocess.PIPE, text=True)
        assert select.select([self.process.stdout], [], [], 30)[0], f"{script} did not start"
        self.url = json.loads(self.process.stdout.readline())["url"]

    def ask(self, path, body=None):
        with urllib.request.urlopen(urllib.request.Request(self.url + path, body), timeout=WAIT) as reply:
            return json.load(reply)

    def control(self, **order):
        """Orders that are not named go back to their defaults."""
        self.ask("/control", json.dumps(order).encode())

    def wait_held(self, count=1):
        """Waits until so many requests are held back as ordered."""
        self.ask(f"/held/{count}")

    def wait_answered(self, status):
        """Waits until a request has been answered with this status."""
        self.ask(f"/answered/{status}")

    def requests(self):
        return self.ask("/requests")

    def stop(self):
        self.process.kill()
        self.process.wait()


class Lighthouse(StandIn):
    KEY = "secret-key-of-the-tests"

    def __init__(self, kubo, *options):
        super().__init__("lighthouse.py", "--kubo", kubo.api, "--key", self.KEY, *options)
        self.environment = {"LIGHTHOUSE_API_KEY": self.KEY, "EAI_LIGHTHOUSE_UPLOAD": self.url, "EAI_LIGHTHOUSE_API": self.url,
                            "EAI_LIGHTHOUSE_GATEWAY": self.url}

    def log(self):
        return self.ask("/log")

    def names(self):
        return [upload["name"] for upload in self.log()]


class KuboBetween(StandIn):
    def __init__(self, kubo):
        super().__init__("kubo_between.py", "--kubo", kubo.api)
        self.home = f"kubo:{self.url}"


class PinningService(StandIn):
    TOKEN = "secret-token-of-the-tests"

    def __init__(self, kubo):
        """`kubo`: the service's own node, which fetches."""
        super().__init__("pinning_service.py", "--kubo", kubo.api, "--token", self.TOKEN)
        self.home = f"pinning:{self.url}"
        self.environment = {"EAI_PINNING_KEY": self.TOKEN}

    def asked(self, method):
        """The paths of these requests."""
        return [r["path"] for r in self.requests() if r["method"] == method]

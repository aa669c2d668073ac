"""A file on a web server that can be told how to misbehave, and models whose trees are here while their leaves are not."""
import http.server
import pathlib
import re
import signal
import socket
import sys
import threading
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "bench"))
from leaves_bench import unpack_car

STEP = 64 << 10


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def setup(self):
        super().setup()
        self.server.open.add(self.connection)

    def finish(self):
        self.server.open.discard(self.connection)
        try:
            super().finish()
        except OSError:
            pass

    def do_GET(self):
        self.server.owner.answer(self)


class Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass  # clients hang up


class FileServer:
    """Gives `data` at every path, with ranges. `behave(request)` is called for each request and may answer it in its
    own way; if it returns a true value, nothing more is done. A request has the fields path, headers, begin, end and
    ranged."""

    def __init__(self, data, behave=None, host="127.0.0.1", rate=None):
        self.data, self.behave, self.host, self.rate, self.port = data, behave, host, rate, 0
        self.asked, self.sent, self.lock = [], 0, threading.Lock()
        self.mark, self.reached = None, threading.Event()
        self.gate = threading.Event()
        self.gate.set()
        self.come()

    @property
    def url(self):
        return f"http://{self.host}:{self.port}/file"

    @property
    def name(self):
        """As progress names it."""
        return f"{self.host}:{self.port}"

    def come(self):
        """At the same address as before."""
        self.server = Listener((self.host, self.port), Handler)
        self.server.owner, self.server.open = self, set()
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def vanish(self):
        """As when the process is killed: nobody listens, and every connection is reset."""
        self.server.shutdown()
        self.server.server_close()
        for one in list(self.server.open):
            try:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.vanish()

    def answer(self, request):
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("Range") or "")
        request.ranged = wanted is not None
        request.begin, request.end = (int(wanted[1]), min(int(wanted[2]) + 1, len(self.data))) if wanted else (0, len(self.data))
        with self.lock:
            self.asked.append((time.monotonic(), request.path, request.headers.get("Range")))
        if not (self.behave and self.behave(request)):
            self.give(request)

    def head(self, request, status, length, **headers):
        request.send_response(status)
        request.send_header("Content-Length", str(length))
        request.send_header("Content-Type", headers.pop("kind", "application/octet-stream"))
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()

    def give(self, request, data=None, stop_at=None):
        """The range that was asked for, of `data` instead if it is given, up to the file's byte `stop_at` only."""
        data, begin, end = data or self.data, request.begin, request.end
        if request.ranged:
            self.head(request, 206, end - begin, Content_Range=f"bytes {begin}-{end - 1}/{len(data)}")
        else:
            self.head(request, 200, end - begin)
        end = min(end, max(begin, stop_at)) if stop_at is not None else end
        step = STEP if self.rate is None else max(1, min(STEP, self.rate // 20))
        for at in range(begin, end, step):
            piece = data[at:min(at + step, end)]
            self.gate.wait()
            request.wfile.write(piece)
            with self.lock:
                self.sent += len(piece)
                if self.mark is not None and self.sent >= self.mark:
                    self.reached.set()
            if self.rate:
                time.sleep(len(piece) / self.rate)

    def tell_after(self, more):
        """`reached` is set once so many more bytes are sent."""
        with self.lock:
            self.mark = self.sent + more
            self.reached.clear()

    def held_by_sockets(self):
        """Bytes that were sent and that nobody has read yet, on either side."""
        held = 0
        for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
            _, own, peer, _, queues = line.split()[:5]
            sending, receiving = (int(one, 16) for one in queues.split(":"))
            if int(own.split(":")[1], 16) == self.port:
                held += sending
            elif int(peer.split(":")[1], 16) == self.port:
                held += receiving
        return held

    def kill(self, process):
        """Returns what the sockets held then."""
        self.gate.clear()
        process.send_signal(signal.SIGSTOP)
        held = self.held_by_sockets()
        process.kill()
        process.communicate()
        self.gate.set()
        return held

    @staticmethod
    def hang(request):
        """Says nothing more until the other side goes away."""
        request.wfile.flush()
        request.connection.settimeout(None)
        request.rfile.read(1)


MODEL = 24 << 20  # bytes


class Planted:
    """A model whose metadata and tree are in a folder, so that nothing but its leaves is to be fetched."""

    def __init__(self, world, path, *words):
        self.folder = world.folder / f"{path.name}-blocks"
        self.folder.mkdir()
        car = world.folder / f"{path.name}.car"
        self.hash = world.hash("--folder-path", path, "--format", "unixfs", "--to", f"car:{car}", "--no-keep", *words)
        unpack_car(car, self.folder)
        car.unlink()
        self.words = ("download", "--hash", self.hash, "--no-public-gateways", "--gateway", f"file://{self.folder}")


@pytest.fixture
def planted(world):
    path, data = world.model(size=MODEL)
    one = Planted(world, path)
    one.data = data
    return one

"""What the stand-ins for services share: JSON over HTTP on a free loopback port, a log of what they were asked, and
orders from the test that uses them.

POST /control with a JSON object sets what happens next; each stand-in says which orders it knows. GET /requests gives
what it was asked, [{"method", "path", "status", "at"}]. GET /held/<n> answers once n requests are held back as ordered,
and GET /answered/<status> once a request has been answered with that status.
"""
import http.server
import json
import select
import threading
import time
import urllib.error
import urllib.request


class Gone(Exception):
    """The client hung up while its request was held back."""


class Service:
    """One stand-in's state. Orders are its attributes; subclasses give them their defaults in `orders`."""

    orders = {}

    def __init__(self):
        self.lock = threading.Condition()
        self.requests, self.holding = [], 0
        self.__dict__.update({name: list(value) if isinstance(value, list) else value for name, value in self.orders.items()})

    def order(self, new):
        """Orders that are not named go back to their defaults."""
        unknown = set(new) - set(self.orders)
        assert not unknown, f"no such order: {unknown}"
        with self.lock:
            self.__dict__.update({**{k: list(v) if isinstance(v, list) else v for k, v in self.orders.items()}, **new})
            self.lock.notify_all()

    def next_fault(self):
        with self.lock:
            return self.faults.pop(0) if self.faults else ""

    def wait_held(self, count):
        with self.lock:
            self.lock.wait_for(lambda: self.holding >= count)

    def wait_answered(self, status):
        with self.lock:
            self.lock.wait_for(lambda: any(request["status"] == status for request in self.requests))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service: Service

    def log_message(self, *_):
        pass

    def answer(self, status, body=None, headers=()):
        data = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
        self.note(status)
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def note(self, status):
        with self.service.lock:
            self.service.requests.append({"method": self.command, "path": self.path, "status": status, "at": self.began})
            self.service.lock.notify_all()

    def cut(self):
        self.note(0)
        self.close_connection = True
        self.connection.close()

    def hold_while(self, still):
        """Waits until `still` is false or the client has left."""
        service = self.service
        with service.lock:
            service.holding += 1
            service.lock.notify_all()
        try:
            while True:
                with service.lock:
                    if not still() or service.lock.wait_for(lambda: not still(), 0.1):
                        return
                if select.select([self.connection], [], [], 0)[0]:
                    self.note(0)
                    self.close_connection = True
                    raise Gone
        finally:
            with service.lock:
                service.holding -= 1

    def read_body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def orders_of_the_test(self):
        """Whether the request was one, and has been answered."""
        if self.command == "POST" and self.path == "/control":
            self.service.order(json.loads(self.read_body()))
        elif self.command == "GET" and self.path.startswith("/held/"):
            self.service.wait_held(int(self.path.removeprefix("/held/")))
        elif self.command == "GET" and self.path.startswith("/answered/"):
            self.service.wait_answered(int(self.path.removeprefix("/answered/")))
        elif self.command != "GET" or self.path != "/requests":
            return False
        with self.service.lock:
            data = json.dumps(self.service.requests).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        return True

    def dispatch(self):
        self.began = time.monotonic()
        if self.orders_of_the_test():
            return
        try:
            self.serve()
        except (Gone, BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_POST = do_DELETE = dispatch

    def serve(self):
        raise NotImplementedError


def rpc(api, path, body=b"", content_type=None):
    """Calls a kubo node's RPC; returns the lines of its answer, parsed as JSON. Raises RuntimeError with the node's
    message."""
    headers = {"Content-Type": content_type} if content_type else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{api}/api/v0/{path}", body, headers)) as reply:
            return [json.loads(line) for line in reply.read().splitlines()]
    except urllib.error.HTTPError as error:
        raise RuntimeError(json.loads(error.read()).get("Message", str(error))) from error


def run(handler, service):
    """Says where it listens, and serves until it is killed."""
    handler.service = service
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    print(json.dumps({"url": f"http://127.0.0.1:{server.server_address[1]}"}), flush=True)
    server.serve_forever()

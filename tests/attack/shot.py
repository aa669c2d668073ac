"""One request of an attacker: made from a random generator, sent as bytes, and kept as a file if it is found to harm."""
import base64
import http.client
import json
import re
import socket
import time

PATIENCE = 30  # seconds that an attacker waits for the whole answer
KEPT = 1 << 16  # bytes of an answer that are read
EMPTY = {"GET", "HEAD", "OPTIONS", "DELETE"}


class Shot:
    def __init__(self, kind, path, body=b"", method="POST", headers=(), host=None, patience=PATIENCE):
        self.kind, self.path, self.method, self.host = kind, path, method, host
        self.headers = [list(pair) for pair in headers]
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode("utf-8", "surrogatepass")
        self.patience = patience  # seconds; what leaves early is an attack of its own

    def text(self):
        return json.dumps({"kind": self.kind, "method": self.method, "path": self.path, "host": self.host, "headers": self.headers,
                           "patience": self.patience, "body": base64.b64encode(self.body).decode()})

    @staticmethod
    def read(text):
        told = json.loads(text)
        return Shot(told["kind"], told["path"], base64.b64decode(told["body"]), told["method"], told["headers"], told["host"],
                    told["patience"])

    def shown(self, most=300):
        body = self.body[:most].decode("utf-8", "replace")
        return f"{self.method} {self.path[:80]} ({len(self.body)} bytes) {body!r}"

    def wire(self, address, key):
        lines = [f"{self.method} {self.path} HTTP/1.1"]
        names = {name.lower() for name, _ in self.headers}
        lines.append(f"Host: {address[0]}:{address[1]}" if self.host is None else f"Host: {self.host}")
        for name, value in (("Authorization", f"Bearer {key}"), ("Content-Type", "application/json"), ("Connection", "close")):
            if name.lower() not in names:
                lines.append(f"{name}: {value}")
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.body or self.method not in EMPTY:
            lines.append(f"Content-Length: {len(self.body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape") + self.body


class Answer:
    """`status` is 0 if the attacker left or the connection ended before an answer began."""

    def __init__(self, status, body, seconds, headers=None):
        self.status, self.body, self.seconds, self.headers = status, body, seconds, headers or {}

    def signature(self, shot):
        """What two answers to the same kind of harm have in common."""
        words = re.sub(rb"[0-9]+", b"#", self.body[:400]).decode("utf-8", "replace")
        return (self.status, shot.path.split("?")[0][:60], words[:120])


def fire(shot, address, key="attacker"):
    """Sends it, and reads what comes until the shot's patience ends."""
    begin = time.monotonic()
    sock = socket.create_connection(address, timeout=shot.patience)
    try:
        try:
            sock.sendall(shot.wire(address, key))
        except OSError:
            pass  # refused before the whole body was sent: the answer may be there
        answer = http.client.HTTPResponse(sock, method=shot.method)
        answer.begin()
        body = b""
        while len(body) < KEPT and time.monotonic() - begin < shot.patience:
            more = answer.read1(KEPT)
            if not more:
                break
            body += more
        return Answer(answer.status, body, time.monotonic() - begin, dict(answer.getheaders()))
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Answer(0, repr(error).encode(), time.monotonic() - begin)
    finally:
        sock.close()


def fault_in(answer):
    """The error at the end of a stream that began with 200, or None."""
    for line in answer.body.splitlines():
        if line.startswith(b"data: {") and b'"error"' in line:
            try:
                return json.loads(line[6:]).get("error")
            except ValueError:
                return None
    return None

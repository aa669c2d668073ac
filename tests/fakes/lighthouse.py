#!/usr/bin/env python3
"""A stand-in for Lighthouse: its upload host and its API on one port, adding through a real kubo.

    lighthouse.py --kubo <RPC URL> --key <key> [--chunker size-262144] [--width 174]

Prints {"url": ...} when it listens. POST /control with {"faults": [...], "quota": n} sets what goes wrong next: each
upload takes one fault off the list: "429", "500", "hang", "cut" (the connection closes in the middle of the body),
"wrong" (a CID of other bytes), "" (none). GET /log gives what was uploaded, as JSON.
"""
import argparse
import http.server
import json
import threading
import urllib.request


class State:
    def __init__(self, arguments):
        self.arguments = arguments
        self.lock = threading.Lock()
        self.faults = []
        self.quota = 10**12
        self.log = []
        self.released = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: State

    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def key_is_good(self):
        given = self.headers.get("Authorization", "")
        if given == f"Bearer {self.state.arguments.key}":
            return True
        self.close_connection = True
        self.answer(401, {"error": f"key {given} is not known"})  # an unkind service that repeats the key
        return False

    def do_GET(self):
        if self.path == "/log":
            return self.answer(200, self.state.log)
        if self.path.startswith("/api/lighthouse/deal_status"):
            return self.answer(200, [{"dealId": 7, "status": "Active"}])
        if self.path.startswith("/api/user/user_data_usage"):
            if self.key_is_good():
                self.answer(200, {"dataLimit": self.state.quota, "dataUsed": 1000})
            return None
        return self.answer(404, {"error": "not found"})

    def do_POST(self):
        size = int(self.headers.get("Content-Length", "0"))
        if self.path == "/control":
            order = json.loads(self.rfile.read(size))
            self.state.faults = list(order.get("faults", []))
            self.state.quota = order.get("quota", 10**12)
            return self.answer(200, {})
        if not self.key_is_good():
            return None
        with self.state.lock:
            fault = self.state.faults.pop(0) if self.state.faults else ""
        if fault == "cut":
            self.rfile.read(size // 2)
            self.close_connection = True
            self.connection.close()
            return None
        body = self.rfile.read(size)
        if fault == "hang":
            self.state.released.wait(30)
            self.close_connection = True
            return None
        if fault in ("429", "500"):
            return self.answer(int(fault), {"error": "later"}, [("Retry-After", "0")] if fault == "429" else [])
        return self.upload(body, fault)

    def upload(self, body, fault):
        content_type = self.headers["Content-Type"]
        boundary = b"--" + content_type.split("boundary=")[1].encode()
        head, content = body.split(b"\r\n\r\n", 1)
        content = content[: content.rindex(b"\r\n" + boundary)]
        name = head.split(b'filename="')[1].split(b'"')[0].decode()
        if fault == "wrong":
            content = b"other bytes"
        arguments = self.state.arguments
        query = f"add?cid-version=1&raw-leaves=true&chunker={arguments.chunker}&max-file-links={arguments.width}"
        if self.path.startswith("/api/v0/dag/import"):
            query = "dag/import?pin-roots=true"
        form = boundary + b'\r\nContent-Disposition: form-data; name="file"; filename="f"\r\nContent-Type: application/octet-stream\r\n\r\n'
        form += content + b"\r\n" + boundary + b"--\r\n"
        request = urllib.request.Request(f"{arguments.kubo}/api/v0/{query}", form, {"Content-Type": content_type})
        with urllib.request.urlopen(request) as reply:
            result = json.loads(reply.read().splitlines()[0])
        with self.state.lock:
            self.state.log.append({"name": name, "size": len(content)})
        self.answer(200, {"data": result} if "Root" in result else {"Name": name, "Hash": result["Hash"], "Size": str(len(content))})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kubo", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--chunker", default="size-262144")
    parser.add_argument("--width", default="174")
    Handler.state = State(parser.parse_args())
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(json.dumps({"url": f"http://127.0.0.1:{server.server_address[1]}"}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

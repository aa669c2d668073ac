#!/usr/bin/env python3
"""An IPFS gateway over a folder of files named by CID. It can lie in every way that real ones do.

    lying_gateway.py --blocks FOLDER [--mode MODE] [--times N] [--spare CID]... [--only CID]...
                     [--rate BYTES_PER_SECOND] [--raw-only]

A file FOLDER/files/CID is the content of a tree, whose root is the block FOLDER/CID.

It prints its base URL once it listens (on a port that the system chooses) and ends when its standard input does.
GET /_requests answers with what it was asked so far, as JSON: [{"path", "range", "status", "sent"}].

Modes: honest, corrupt (one byte), short (a whole answer, but less of it), cut (the connection, in the middle of more
than 64 KiB), long (more than asked for), stall (after some bytes), no_ranges, html (a page, with 200), too_many (429
with Retry-After), broken (500), overloaded (503), redirect_loop, redirect (once, to the truth), wrong_range
(Content-Range), wrong_total (Content-Range's length), gzip (Content-Encoding), appended (an error text in the body),
gone (404), slow, drip (a byte a second), silent (takes the request and never answers).
--times: lies only for the first N answers. --spare: never lies about this CID. --only: lies about these alone, and not
about the block of a tree whose content it has.
"""
import argparse
import gzip
import http.server
import json
import os
import re
import sys
import threading
import time

PAGE = b"<!doctype html><html><body>Please complete the check to go on.</body></html>"
APPENDED = b"\n\n[Gateway Error: context deadline exceeded]\n"


class Gateway(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, options):
        super().__init__(("127.0.0.1", 0), Handler)
        self.options = options
        self.lock = threading.Lock()
        self.requests = []
        self.lies_left = options.times

    def handle_error(self, request, client_address):
        pass  # clients hang up on liars

    def lies_now(self, cid):
        if self.options.mode == "honest" or cid in self.options.spare or (self.options.only and cid not in self.options.only):
            return False
        with self.lock:
            if self.lies_left is None:
                return True
            if self.lies_left == 0:
                return False
            self.lies_left -= 1
            return True


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def do_GET(self):
        if self.path == "/_requests":
            with self.server.lock:
                body = json.dumps(self.server.requests).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        self.record = {"path": self.path, "range": self.headers.get("Range"), "status": 0, "sent": 0}
        with self.server.lock:
            self.server.requests.append(self.record)
        found = re.fullmatch(r"/ipfs/([a-zA-Z0-9]+)(\?format=raw)?(&truth)?", self.path)
        cid = found and found[1]
        path = cid and os.path.join(self.server.options.blocks, cid)
        content = cid and os.path.join(self.server.options.blocks, "files", cid)
        if content and not found[2] and os.path.isfile(content):
            path = content
        if not path or not os.path.isfile(path):
            return self.answer(404, b"no such content\n", kind="text/plain")
        if self.server.options.raw_only and not found[2]:
            return self.answer(406, b"only raw blocks here\n", kind="text/plain")
        self.file_size = os.path.getsize(path)
        with open(path, "rb") as file:
            self.file = file
            block_of_tree = found[2] and path != content and os.path.isfile(content)
            if found[3] or (self.server.options.only and block_of_tree) or not self.server.lies_now(cid):
                return self.tell_truth()
            return getattr(self, "lie_" + self.server.options.mode)()

    # The honest answer, whose details a lie replaces.

    def asked(self):
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or "")
        if not wanted:
            return 0, self.file_size, 200
        return int(wanted[1]), min(int(wanted[2]) + 1, self.file_size), 206

    def tell_truth(self, **details):
        begin, end, status = self.asked()
        if begin >= end and status == 206:
            return self.answer(416, b"", {"Content-Range": f"bytes */{self.file_size}"})
        headers = {"Content-Range": f"bytes {begin}-{end - 1}/{self.file_size}"} if status == 206 else {}
        self.file.seek(begin)
        body = details.pop("body", None)
        if body is None:
            body = self.file.read(end - begin)
        return self.answer(details.pop("status", status), body, {**headers, **details.pop("headers", {})}, **details)

    def answer(self, status, body, headers=None, kind="application/octet-stream", length=None, stop_after=None,
               then=None, rate=None):
        self.record["status"] = status
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        rate = rate or self.server.options.rate
        stop = len(body) if stop_after is None else min(stop_after, len(body))
        step = max(1, rate // 50) if rate else 256 * 1024
        for at in range(0, stop, step):
            chunk = body[at:min(at + step, stop)]
            self.wfile.write(chunk)
            self.record["sent"] += len(chunk)
            if rate:
                time.sleep(len(chunk) / rate)
        if then == "close":
            self.close_connection = True
        elif then == "hang":
            self.wfile.flush()
            self.connection.settimeout(None)
            self.rfile.read(1)  # until the client goes away

    def body(self):
        begin, end, _ = self.asked()
        self.file.seek(begin)
        return self.file.read(end - begin)

    def lie_corrupt(self):
        body = bytearray(self.body())
        body[len(body) // 2] ^= 0x40
        self.tell_truth(body=bytes(body))

    def lie_short(self):
        body = self.body()
        self.tell_truth(body=body[: len(body) // 2])

    def lie_cut(self):
        body = self.body()
        if len(body) <= 65536:  # otherwise the rest would be halved for ever
            return self.tell_truth()
        return self.tell_truth(stop_after=len(body) // 2, then="close")

    def lie_long(self):
        self.tell_truth(body=self.body() + b"and some more that nobody asked for")

    def lie_stall(self):
        self.tell_truth(stop_after=min(1000, len(self.body()) // 2), then="hang")

    def lie_silent(self):
        self.rfile.read(1)

    def lie_no_ranges(self):
        self.file.seek(0)
        self.answer(200, self.file.read())

    def lie_html(self):
        self.answer(200, PAGE, kind="text/html; charset=utf-8")

    def lie_too_many(self):
        self.answer(429, b"slow down\n", {"Retry-After": "1"}, kind="text/plain")

    def lie_broken(self):
        self.answer(500, b"internal error\n", kind="text/plain")

    def lie_overloaded(self):
        self.answer(503, b"try later\n", kind="text/plain")

    def lie_redirect_loop(self):
        self.answer(302, b"", {"Location": self.path})

    def lie_redirect(self):
        self.answer(302, b"", {"Location": self.path.split("?")[0] + "?format=raw&truth"})

    def lie_wrong_range(self):
        begin, end, _ = self.asked()
        self.tell_truth(headers={"Content-Range": f"bytes {begin + 1}-{end}/{self.file_size}"})

    def lie_wrong_total(self):
        begin, end, _ = self.asked()
        self.tell_truth(headers={"Content-Range": f"bytes {begin}-{end - 1}/{self.file_size + 7}"})

    def lie_gzip(self):
        self.tell_truth(body=gzip.compress(self.body()), headers={"Content-Encoding": "gzip"})

    def lie_appended(self):
        body = self.body()
        self.record["status"] = 200
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in (body[: len(body) // 2], APPENDED):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            self.record["sent"] += len(chunk)
        self.wfile.write(b"0\r\n\r\n")

    def lie_gone(self):
        self.answer(404, b"not here\n", kind="text/plain")

    def lie_slow(self):
        self.tell_truth(rate=20_000)

    def lie_drip(self):
        self.tell_truth(rate=1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--blocks", required=True)
    parser.add_argument("--mode", default="honest")
    parser.add_argument("--times", type=int)
    parser.add_argument("--spare", action="append", default=[])
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--rate", type=int, default=0)
    parser.add_argument("--raw-only", action="store_true")
    options = parser.parse_args()
    if options.mode != "honest" and not hasattr(Handler, "lie_" + options.mode):
        parser.error(f"unknown mode {options.mode}")
    gateway = Gateway(options)
    threading.Thread(target=gateway.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{gateway.server_address[1]}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()

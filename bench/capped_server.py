#!/usr/bin/env python3
"""A gateway that sends a fixed number of bytes per second, over however many connections, and can go wrong in one place.

    capped_server.py --files FOLDER --blocks FOLDER --rate BYTES_PER_SECOND --log FILE [--flip OFFSET] [--stall BYTES]

GET /ipfs/<cid>?format=raw gives BLOCKS/ipfs/<cid>, and GET /ipfs/<cid> gives FILES/ipfs/<cid>, with ranges. It prints its
URL and ends when its standard input does. --flip: one bit of the file is wrong there. --stall: once it has sent so many
bytes of the file it sends nothing more, and keeps its connections. The log has a line of JSON for each request, {"begun",
"path", "begin", "end"}, and one for each stall, {"stalled", "at"}; times are those of CLOCK_MONOTONIC.
"""
import argparse
import http.server
import json
import os
import re
import sys
import threading
import time

STEP = 64 << 10
BURST = 0.02  # seconds of the rate that may be saved up


class Bucket:
    def __init__(self, rate):
        self.rate, self.lock, self.next, self.taken = rate, threading.Lock(), time.monotonic(), 0

    def take(self, count):
        with self.lock:
            self.taken += count
            self.next = max(self.next, time.monotonic() - BURST) + count / self.rate
            wait = self.next - time.monotonic()
        if wait > 0:
            time.sleep(wait)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def note(self, **what):
        with self.server.bucket.lock:
            self.server.log.write(json.dumps(what) + "\n")
            self.server.log.flush()

    def do_GET(self):
        options, begun = self.server.options, time.monotonic()
        found = re.fullmatch(r"/ipfs/([a-z0-9]+)(\?format=raw)?", self.path)
        path = found and os.path.join(options.blocks if found[2] else options.files, "ipfs", found[1])
        if not path or not os.path.isfile(path):
            self.send_response(404)
            self.send_header("Content-Length", "0")
            return self.end_headers()
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or "")
            begin, end = (int(wanted[1]), min(int(wanted[2]) + 1, size)) if wanted else (0, size)
            self.note(begun=begun, path=self.path, begin=begin, end=end)
            self.send_response(206 if wanted else 200)
            if wanted:
                self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{size}")
            self.send_header("Content-Length", str(end - begin))
            self.send_header("Content-Type", "application/octet-stream")
            self.end_headers()
            self.send(file, begin, end, faulty=not found[2])

    def send(self, file, begin, end, faulty):
        flip, stall = (self.server.options.flip, self.server.options.stall) if faulty else (None, None)
        for at in range(begin, end, STEP):
            count = min(STEP, end - at)
            if stall is not None and self.server.bucket.taken + count > stall:
                self.note(stalled=time.monotonic(), at=at)
                return self.rfile.read(1)  # until the client goes away
            self.server.bucket.take(count)
            if flip is not None and at <= flip < at + count:
                piece = bytearray(os.pread(file.fileno(), count, at))
                piece[flip - at] ^= 1
                self.connection.sendall(piece)
                continue
            while count > 0:
                sent = os.sendfile(self.connection.fileno(), file.fileno(), at, count)
                at, count = at + sent, count - sent


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        pass  # clients hang up


def main():
    parser = argparse.ArgumentParser()
    for name in ("files", "blocks", "log"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rate", type=int, required=True)
    parser.add_argument("--flip", type=int)
    parser.add_argument("--stall", type=int)
    server = Server(("127.0.0.1", 0), Handler)
    server.options = parser.parse_args()
    server.bucket, server.log = Bucket(server.options.rate), open(server.options.log, "w")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Stands between a client and a real kubo node's RPC, and changes what the node says when it is ordered to.

    kubo_between.py --kubo <RPC URL>

Orders (service.py): `pin_lines`, how many lines of progress a pin sends before its answer, `pause` seconds apart;
`pin_error`, what a pin ends with instead; `other_cid`: uploads are answered with the CID of other bytes; `closed`: it
answers 403, like a node that admits only some clients; `chunker`: how files are cut, whatever the client asks for.
"""
import argparse
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request

import service

OTHER = "bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4"


class Between(service.Service):
    orders = {"pin_lines": 0, "pause": 0.3, "pin_error": "", "other_cid": False, "closed": False, "chunker": ""}

    def __init__(self, arguments):
        super().__init__()
        self.kubo = arguments.kubo


class Handler(service.Handler):
    def serve(self):
        body, state = self.read_body(), self.service
        where = urllib.parse.urlsplit(self.path)
        if state.closed:
            return self.answer(403, b"403 - Forbidden")
        if where.path == "/api/v0/pin/add":
            return self.pin(dict(urllib.parse.parse_qsl(where.query)))
        status, said = self.forward(body)
        if state.other_cid and where.path == "/api/v0/add":
            said = json.dumps({"Name": "f", "Hash": OTHER, "Size": "12"}).encode() + b"\n"
        return self.answer(status, said)

    def forward(self, body=b""):
        kind, chunker = self.headers.get("Content-Type"), self.service.chunker
        if chunker and self.path.startswith("/api/v0/add?"):
            self.path = re.sub("chunker=[^&]*", f"chunker={chunker}", self.path)
        request = urllib.request.Request(self.service.kubo + self.path, body, {"Content-Type": kind} if kind else {})
        try:
            with urllib.request.urlopen(request) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def pin(self, query):
        """As kubo does: a client hears something before the end only if it asks for progress."""
        self.note(200)
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for count in range(self.service.pin_lines):
            time.sleep(self.service.pause)
            if query.get("progress") == "true":
                self.chunk(json.dumps({"Progress": count}).encode() + b"\n")
        error = self.service.pin_error
        self.chunk(json.dumps({"Message": error, "Code": 0, "Type": "error"}).encode() + b"\n" if error else self.forward()[1])
        self.chunk(b"")

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--kubo", required=True)
    service.run(Handler, Between(parser.parse_args()))

#!/usr/bin/env python3
"""An engine that takes llama-server's command line, and answers each chat with the deltas in ~/says.json, a
list."""
import json
import os
import sys
import threading

from unix_server import Handler, Server, arguments


class Engine(Handler):
    def do_GET(self):
        self.whole(200, b'{"status":"ok"}', content_type="application/json")

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        with open(os.path.expanduser("~/says.json"), encoding="utf-8") as file:
            says = json.load(file)
        for delta in says:
            self.event(delta, None)
        self.event({}, "stop")
        self.chunk(b"data: [DONE]\n\n")
        self.chunk(b"")

    def event(self, delta, reason):
        event = {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
        self.chunk(b"data: " + json.dumps(event).encode() + b"\n\n")


server = Server(arguments["--host"], Engine)
threading.Thread(target=server.serve_forever, daemon=True).start()
print('cmd_child_to_router:state:{"state":"ready"}', flush=True)
sys.stdin.buffer.read()

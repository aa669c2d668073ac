#!/usr/bin/env python3
"""An engine for chat_bench.py: it takes llama-server's command line, and answers each chat with one word. The clock at
which the word was sent is the word itself."""
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/fakes"))
from unix_server import Handler, Server, arguments  # noqa: E402


class Engine(Handler):
    def do_GET(self):
        self.whole(200, b'{"status":"ok"}', content_type="application/json")

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for delta, reason in ('{"content":"%d"}', "null"), ("{}", '"stop"'):
            if reason == "null":
                delta %= time.monotonic_ns()
            self.chunk(b'data: {"choices":[{"index":0,"delta":%s,"finish_reason":%s}]}\n\n' % (delta.encode(), reason.encode()))
        self.chunk(b"data: [DONE]\n\n")
        self.chunk(b"")


server = Server(arguments["--host"], Engine)
threading.Thread(target=server.serve_forever, daemon=True).start()
print('cmd_child_to_router:state:{"state":"ready"}', flush=True)
sys.stdin.buffer.read()

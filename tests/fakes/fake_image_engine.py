#!/usr/bin/env python3
"""An image engine that draws nothing: it takes eai-image-engine's command line, speaks its private API
(image_engine/README.md) and answers with a picture that is the text "picture SEED". A prompt may ask for trouble:
"crash K" (it dies after step K), "killed" (it is killed as if from outside before its answer, the first time only), "hang K" (it sends nothing
after step K; when the client leaves, <socket>.left appears), "fail" (an error event), "refuse" (400), "garbage"
(something that is not an event, then the end)."""
import base64
import json
import os
import signal

from unix_server import Handler, Server, arguments


class ImageEngine(Handler):
    def do_GET(self):
        self.whole(200, b'{"status":"ok"}')

    def event(self, **fields):
        self.chunk(b"data: " + json.dumps(fields).encode() + b"\n\n")

    def do_POST(self):
        wish = json.loads(self.rfile.read(int(self.headers["content-length"])))
        what, _, at = wish.get("prompt", "").partition(" ")
        if what == "killed" and not os.path.exists(arguments["--socket"] + ".died"):
            open(arguments["--socket"] + ".died", "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "refuse":
            return self.whole(400, b'{"error":{"code":400,"message":"too large","param":"size"}}')
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        if what == "garbage":
            self.chunk(b"garbage")
            return self.chunk(b"")
        seed, n, steps = wish.get("seed", 42), wish.get("n", 1), wish.get("steps", 4)
        self.event(event="queued", position=1)
        self.event(event="started", seed=seed, n=n, width=64, height=64, steps=steps)
        for image in range(n):
            for step in range(1, steps + 1):
                self.event(event="progress", image=image, step=step, steps=steps)
                if step <= wish.get("previews", 0):
                    self.event(event="preview", image=image, step=step, steps=steps, index=step - 1, width=8, height=8,
                               b64=base64.b64encode(b"preview").decode())
                if what == "crash" and step == int(at):
                    os._exit(3)
                if what == "hang" and step == int(at):
                    self.rfile.read(1)
                    open(arguments["--socket"] + ".left", "w").close()
                    return
            if what == "fail":
                return self.event(event="error", code=500, message="the canvas is torn")
            self.event(event="image", image=image, seed=seed + image, format="png", width=64, height=64,
                       b64=base64.b64encode(b"picture %d" % (seed + image)).decode())
        self.event(event="done", seconds=0.1)
        self.chunk(b"")


print('cmd_child_to_router:state:{"state":"ready"}', flush=True)
Server(arguments["--socket"], ImageEngine).serve_forever()

#!/usr/bin/env python3
"""An engine that takes llama-server's command line and behaves as the file name of its model says:

  good                   answers /health, and everything else with what it was sent
  slow_load              is ready after a second
  crash_in_load          ends before it is ready
  hang_ignoring_sigterm  does nothing at all, and SIGTERM does not end it
  silent                 prints no state lines
  never_ready            takes requests and is never ready
  ready_without_socket   says that it is ready, and has no socket
  goes_deaf              once it is ready it answers one /health and nothing else
  goes_stuck             never answers /metrics
  keeps_slots            saves and restores slots of 1000 bytes; GET /restored is 200 once it has restored two
  tells_fit              tells how it fits its devices, unless it was told; MODEL.fits gets what it was told as a line
  dies_of_fit            does the same, and ends before it is ready if it was told
  silent_on_slots        never answers /slots; MODEL.asked gets a line each time

A text in a body that ends with "say …" asks for something else: stream, crash (in the middle of an event), hang (after an event), mute
(before the head), half (ends in the middle of a whole answer), refuse, fail (an error as an event), fail_late (after another event), die (ends before the head; MODEL.died gets a byte
each time), killed_once (is killed as if from outside the first time, and streams after that), or flood (events without end; MODEL.blocked gets
the number of bytes once none could be written for half a second). When the other side closes in hang or mute,
MODEL.left gets the monotonic clock."""
import json
import os
import select
import signal
import sys
import threading
import time

from unix_server import Handler, Server, arguments

behaviour = os.path.basename(arguments["--model"]).removesuffix(".gguf")
ready = threading.Event()
restored = []
heard = threading.Event()


class Engine(Handler):
    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0))) or b'{"status":"ok"}'
        if behaviour == "goes_stuck" and self.path == "/metrics" or behaviour == "goes_deaf" and heard.is_set():
            return self.wait_until_left()
        if ready.is_set():
            heard.set()
        if behaviour == "keeps_slots" and (self.path.startswith("/slots/") or self.path == "/restored"):
            return self.keep_slot(body)
        if behaviour == "silent_on_slots" and self.path.startswith("/slots/"):
            with open(arguments["--model"] + ".asked", "a") as file:
                file.write(self.path + "\n")
            return self.wait_until_left()
        for said in ("killed_once", "die", "stream", "crash", "hang", "mute", "half", "refuse", "flood", "fail", "fail_late"):
            if b'say %s"' % said.encode() in body and ready.is_set():
                return self.misbehave(said)
        self.whole(200 if ready.is_set() else 503, body)

    def keep_slot(self, body):
        answer = b"{}"
        if self.path.startswith("/slots/"):
            path = os.path.join(arguments["--slot-save-path"], json.loads(body)["filename"])
            if self.path.endswith("?action=save"):
                with open(path, "wb") as file:
                    file.write(bytes(1000))
                answer = b'{"n_saved":7}'
            else:
                with open(path, "rb") as file:
                    restored.append(len(file.read()))
                answer = b'{"n_restored":7}'
        self.whole(200 if self.path != "/restored" or restored == [1000, 1000] else 404, answer)

    def misbehave(self, said):
        if said in ("die", "killed_once"):
            died = arguments["--model"] + ".died"
            first = not os.path.exists(died)
            with open(died, "a") as file:
                file.write("x")
            if said == "die":
                os._exit(1)
            if first:
                os.kill(os.getpid(), signal.SIGKILL)
            said = "stream"
        if said == "mute":
            return self.wait_until_left()
        if said == "refuse":
            body = b'{"error":{"code":400,"message":"too long","type":"exceed_context_size_error"}}'
            return self.whole(400, body, content_type="application/json")
        if said == "half":
            self.send_response(200)
            self.send_header("content-length", "100")
            self.end_headers()
            self.wfile.write(b'{"half":')
            self.wfile.flush()
            os._exit(1)
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("access-control-allow-origin", "*")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        if said != "fail":
            self.chunk(b'data: {"n":1}\n\n')
        if said.startswith("fail"):
            self.chunk(b'data: {"error":{"code":500,"message":"got exception: no such grammar","type":"server_error"}}\n\n')
            return self.chunk(b"")
        if said == "crash":
            self.chunk(b'data: {"hal')
            os._exit(1)
        if said == "hang":
            return self.wait_until_left()
        if said == "flood":
            return self.flood()
        self.chunk(b'data: {"n"')
        self.chunk(b':2}\n\ndata: [DONE]\n\n')
        self.chunk(b"")

    def note(self, what, value):
        """The file appears with its content."""
        name = arguments["--model"] + "." + what
        with open(name + ".new", "w") as file:
            file.write(str(value))
        os.rename(name + ".new", name)

    def wait_until_left(self):
        self.close_connection = True
        self.note("reached", 1)
        try:
            self.connection.recv(1)
        except ConnectionError:  # it left bytes unread
            pass
        self.note("left", time.monotonic())

    def flood(self):
        event = b"10000\r\ndata: " + b"x" * (65536 - 8) + b"\n\n\r\n"
        self.connection.setblocking(False)
        sent, rest = 0, b""
        while select.select([], [self.connection], [], 0.5)[1]:
            rest = rest or event
            count = self.connection.send(rest)
            sent, rest = sent + count, rest[count:]
        self.note("blocked", sent)
        self.connection.setblocking(True)
        self.wait_until_left()

    do_GET = do_POST = answer


def say(line):
    if behaviour != "silent":
        print("cmd_child_to_router:state:" + line, flush=True)


def end_with_input():
    sys.stdin.buffer.read()
    os._exit(1)


if behaviour == "hang_ignoring_sigterm":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Event().wait()
if behaviour == "crash_in_load":
    print("error: weights are made of cheese", file=sys.stderr)
    sys.exit(1)
server = Server(arguments["--host"], Engine)
threading.Thread(target=end_with_input, daemon=True).start()
threading.Thread(target=server.serve_forever, daemon=True).start()
say('{"state":"loading","payload":{"value":0.5}}')
if behaviour in ("tells_fit", "dies_of_fit"):
    known = os.environ["LLAMA_KNOWN_FIT"]
    with open(arguments["--model"] + ".fits", "a") as file:
        file.write(known + "\n")
    if known and behaviour == "dies_of_fit":
        os._exit(1)
    if not known:
        say('{"state":"loading","payload":{"fit":"all of \\"it\\""}}')
if behaviour == "slow_load":
    time.sleep(1)
if behaviour == "ready_without_socket":
    server.shutdown()
    server.server_close()
    os.unlink(arguments["--host"])
if behaviour == "never_ready":
    threading.Event().wait()
ready.set()
say('{"state":"ready"}')
threading.Event().wait()

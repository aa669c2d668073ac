"""What the way through eai costs, with an engine that answers at once: the time per answer and until the first event
compared with the same engine asked directly, the memory, and the answers per second at 64 connections compared with
nginx as a reverse proxy in front of the same engine.

The rounds are interleaved; the figures are their medians. Bars: p50 + 0.15 ms, p99 + 1 ms, first event + 0.3 ms; 10 MB
idle, 25 MB with 64 streams; 0.9 of nginx's answers per second. EAI_BENCH_ROUNDS, EAI_BENCH_REQUESTS: other sizes.
"""
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

from nginx import Nginx

BUILD = pathlib.Path(os.environ["EAI_BUILD"])
TOOL = BUILD / "bin/relay_bench"
ROUNDS = int(os.environ.get("EAI_BENCH_ROUNDS", "7"))
REQUESTS = int(os.environ.get("EAI_BENCH_REQUESTS", "4000"))
CONNECTIONS = 64
MANY = REQUESTS * 12  # at 64 connections: long enough that a hiccup of the machine is not most of it
MB = 1e6


def load(target, connections, requests, kind):
    out = subprocess.run([TOOL, "load", str(target), str(connections), str(requests), kind], check=True, stdout=subprocess.PIPE)
    return json.loads(out.stdout)


def resident(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) * 1024 / MB


class Server:
    """eai before the instant engine."""

    def __init__(self, folder):
        self.environment = os.environ | {"EAI_HOME": str(folder), "EAI_LLAMA_SERVER": str(TOOL)}
        out = self.eai("model", "run", "eai-demo", "--port", "0", "--offline", "--parallel", str(CONNECTIONS), "--json")
        told = json.loads(out.splitlines()[-1])
        self.port, self.pid = told["port"], told["pid"]
        self.socket, = (path for path in (folder / "run").glob("*-*.sock"))

    def eai(self, *words):
        return subprocess.run([BUILD / "bin/eai", *words], env=self.environment, check=True, stdout=subprocess.PIPE, text=True).stdout

    def stop(self):
        self.eai("model", "stop")


def with_streams(server):
    """The server's memory while 64 streams run."""
    with subprocess.Popen([TOOL, "hold", str(server.port), str(CONNECTIONS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as held:
        assert held.stdout.readline() == b"open\n"
        memory = resident(server.pid)
        held.stdin.close()
    return memory


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="relay-"))
    server = nginx = None
    try:
        server = Server(folder)
        idle = resident(server.pid)
        nginx = Nginx(folder / "nginx", 'keepalive_requests 100000000; location / { proxy_pass http://engine; proxy_http_version 1.1; '
                      'proxy_set_header Connection ""; proxy_buffering off; }',
                      f"upstream engine {{ server unix:{server.socket}; keepalive {CONNECTIONS}; keepalive_requests 100000000; }}")
        load(nginx.port, CONNECTIONS, REQUESTS, "whole")  # warm
        load(server.port, CONNECTIONS, REQUESTS, "whole")
        added = {"p50": [], "p99": [], "first": []}
        rates = {"eai": [], "nginx": []}
        for _ in range(ROUNDS):
            direct, through = (load(target, 1, REQUESTS, "whole") for target in (server.socket, server.port))
            added["p50"].append(through["p50"] - direct["p50"])
            added["p99"].append(through["p99"] - direct["p99"])
            direct, through = (load(target, 1, REQUESTS // 2, "stream") for target in (server.socket, server.port))
            added["first"].append(through["p50"] - direct["p50"])
            for name, port in (("eai", server.port), ("nginx", nginx.port)):
                rates[name].append(MANY / load(port, CONNECTIONS, MANY, "whole")["seconds"])
        streams = with_streams(server)
    finally:
        if nginx:
            nginx.stop()
        if server:
            server.stop()
        shutil.rmtree(folder)
    p50, p99, first = (statistics.median(added[name]) for name in ("p50", "p99", "first"))
    ours, theirs = (statistics.median(rates[name]) for name in ("eai", "nginx"))
    ratio = statistics.median(one / other for one, other in zip(rates["eai"], rates["nginx"]))  # each pair was measured side by side
    print(f"added to an answer: {p50:.3f} ms p50, {p99:.3f} ms p99 (bars: 0.15, 1); to the first event: {first:.3f} ms p50 (bar: 0.3)")
    print(f"memory: {idle:.1f} MB idle, {streams:.1f} MB with {CONNECTIONS} streams (bars: 10, 25)")
    print(f"{CONNECTIONS} connections: {ours:.0f} answers/s, nginx {theirs:.0f}, ratio {ratio:.2f} (bar: 0.9)")
    good = p50 <= 0.15 and p99 <= 1 and first <= 0.3 and idle <= 10 and streams <= 25 and ratio >= 0.9
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

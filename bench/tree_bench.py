"""How long it takes until a file's tree is known, at a round trip of 100 ms: a model of 1000 tensors in the tensor layout,
so that its tree has some 1000 inner blocks, from one local web server (nginx) behind a door that delays all bytes.
Counted from the end of the answer with the metadata to the first request for content, with the CAR that the metadata name
and without it. Bars: at most 2 s block by block; at most 0.5 s with the CAR. EAI_BENCH_TENSORS: another size.
"""
import asyncio
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "tests/e2e"))
from gguf_maker import gguf_header
from leaves_bench import BUILD, unpack_car
from nginx import Nginx

TENSORS = int(os.environ.get("EAI_BENCH_TENSORS", "1000"))
TENSOR = 1_200_000  # two leaves, so that each has an inner block
DELAY = 0.05        # seconds, one way


def model(path):
    """A hole with a mark in every leaf, so that no two are alike."""
    head = gguf_header([(f"blk.{i}.weight", TENSOR) for i in range(TENSORS)])
    with open(path, "wb") as file:
        file.write(head)
        file.truncate(len(head) + TENSOR * TENSORS)
        for at in range(len(head), len(head) + TENSOR * TENSORS, 100_000):
            file.seek(at)
            file.write(at.to_bytes(8, "little"))


def preserve(work):
    (work / "bench").mkdir()
    model(work / "bench/bench")
    blocks, files = work / "blocks/ipfs", work / "files/ipfs"
    blocks.mkdir(parents=True)
    files.mkdir(parents=True)
    out = subprocess.run([BUILD / "bin/eai", "model", "preserve", work / "bench", "--format", "unixfs", "--layout", "tensor",
                          "--to", f"car:{work}/all.car", "--no-keep", "--json"], env={**os.environ, "EAI_HOME": str(work / "own")},
                         check=True, stdout=subprocess.PIPE, text=True, cwd=work).stdout
    cid = json.loads(out.splitlines()[-1])["hash"]
    unpack_car(work / "all.car", blocks)
    metadata = json.loads((blocks / cid).read_bytes())
    unpack_car(work / "all.car", blocks, metadata["tree_car"]["cid"])
    (work / "all.car").unlink()
    os.link(work / "bench/bench", files / metadata["files"][0]["cid"])
    (files / cid).write_bytes((blocks / cid).read_bytes())
    return cid, metadata


class Door:
    """A port before another one. What comes in goes out a while later."""

    def __init__(self, port):
        self.target, self.loop = port, asyncio.new_event_loop()
        ready = threading.Event()
        threading.Thread(target=self.run, args=(ready,), daemon=True).start()
        ready.wait()

    def run(self, ready):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self.pass_on, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self.loop.run_forever()

    async def pass_on(self, reader, writer):
        await asyncio.sleep(2 * DELAY)  # the handshake
        there = await asyncio.open_connection("127.0.0.1", self.target)
        await asyncio.gather(self.one_way(reader, there[1]), self.one_way(there[0], writer), return_exceptions=True)

    async def one_way(self, reader, writer):
        try:
            while data := await reader.read(65536):
                self.loop.call_later(DELAY, lambda data=data: writer.is_closing() or writer.write(data))
        finally:
            self.loop.call_later(DELAY, writer.close)


def seconds(work, name, cid):
    """From the metadata to the first request for content, and how many blocks were asked for."""
    log = work / f"{name}.log"
    server = Nginx(work / name, f"root $kind; access_log {log} times;",
                   f'map $args $kind {{ default {work}/files; "format=raw" {work}/blocks; }}\n'
                   'log_format times "$msec $request_time $uri $args $http_range";')
    door = Door(server.port)
    try:
        environment = {**os.environ, "EAI_HOME": str(work / name / "home"), "EAI_GATEWAYS": f"http://127.0.0.1:{door.port}",
                       "EAI_PUBLIC_GATEWAYS": "false"}
        with subprocess.Popen([BUILD / "bin/eai", "model", "download", cid, "--json"], env=environment, stdout=subprocess.PIPE) as running:
            for line in running.stdout:
                if json.loads(line).get("received", 0) > 0:
                    break
            running.kill()
        while "bytes=" not in log.read_text():  # nginx writes when an answer has ended
            time.sleep(0.05)
    finally:
        server.stop()
    lines = log.read_text().splitlines()
    metadata = next(float(line.split()[0]) for line in lines if cid in line)
    content = min(float(line.split()[0]) - float(line.split()[1]) for line in lines if "bytes=" in line)
    return content - metadata, sum("format=raw" in line for line in lines) - 1


def main():
    with tempfile.TemporaryDirectory(prefix="eai-bench-") as folder:
        work = pathlib.Path(folder)
        cid, metadata = preserve(work)
        with_car, asked = seconds(work, "car", cid)
        (work / "blocks/ipfs" / metadata["tree_car"]["cid"]).unlink()
        without, blocks = seconds(work, "single", cid)
    print(f"a tree of {blocks} blocks at 100 ms: {without:.2f} s block by block (bar: 2), {with_car:.2f} s with the CAR, "
          f"{asked} requests (bar: 0.5)")
    return 0 if without <= 2 and with_car <= 0.5 else 1


if __name__ == "__main__":
    sys.exit(main())

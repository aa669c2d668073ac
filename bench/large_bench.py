"""A file of 30 GB that is a hole except for its header, by its tree from one local web server (nginx): how much memory it
takes, and what a kill near the end costs. The download is killed (SIGKILL) when 90 % are there, and begun again. Bars:
memory (peak RSS) at most 64 MiB in both runs; after the kill, the first request for content within a second of the
command's start, and at most 16 MiB fetched again besides what the sockets held. That is much on one machine, where a
server fills the buffers of both sides faster than anybody can read; it is counted once the killed process stands still.

The tree is made here, since all leaves but two are equal. On the disk the model takes its full size, because eai writes
what it is sent; with less room than that and 6 GB more, the file is as much smaller, and the output says so.
EAI_BENCH_GB: another size.
"""
import base64
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "tests/e2e"))
from download_bench import BUILD
from gguf_maker import gguf_header
from nginx import Nginx

GB = 1_000_000_000
LEAF, WIDTH = 1 << 20, 1024
KILL_AT = 0.9


def varint(number):
    out = b""
    while number > 0x7F:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def cid_of(codec, digest):
    return bytes([1, codec, 0x12, 0x20]) + digest


def text_of(cid):
    return "b" + base64.b32encode(cid).decode().lower().rstrip("=")


def inner_block(children):
    """Of [(cid, content bytes, bytes of all blocks)]."""
    links = b"".join(field(2, field(1, cid) + field(2, b"") + field(3, whole)) for cid, _, whole in children)
    size = sum(content for _, content, _ in children)
    data = field(1, 2) + field(3, size) + b"".join(field(4, content) for _, content, _ in children)
    block = links + field(1, data)
    return block, (cid_of(0x70, hashlib.sha256(block).digest()), size, len(block) + sum(whole for _, _, whole in children))


def plant(work, size):
    """The file, its tree's inner blocks and the metadata, as a web server has them; gives the metadata's CID."""
    blocks, files = work / "blocks/ipfs", work / "files/ipfs"
    blocks.mkdir(parents=True)
    files.mkdir(parents=True)
    head = gguf_header([("t", size)])
    total = len(head) + size
    level = []
    for at in range(0, total, LEAF):
        content = min(LEAF, total - at)
        if at == 0 or content != LEAF or len(level) == 1:
            digest = hashlib.sha256((head if at == 0 else b"").ljust(content, b"\0")).digest()
        level.append((cid_of(0x55, digest), content, content))
    while len(level) > 1:
        above = []
        for at in range(0, len(level), WIDTH):
            block, child = inner_block(level[at:at + WIDTH])
            (blocks / text_of(child[0])).write_bytes(block)
            above.append(child)
        level = above
    root = text_of(level[0][0])
    with open(files / root, "wb") as file:
        file.write(head)
        file.truncate(total)
    whole, zeros = hashlib.sha256(head), bytes(LEAF)
    for at in range(0, size, LEAF):
        whole.update(zeros[:min(LEAF, size - at)])
    document = json.dumps({"folder_name": "large", "files": [{"cid": root, "size": total, "sha256": whole.hexdigest(), "file_name": "large"}],
                           "num_of_files": 1, "task": "chat", "ram": 1.0, "format": "unixfs"}).encode()
    cid = text_of(cid_of(0x55, hashlib.sha256(document).digest()))
    (blocks / cid).write_bytes(document)
    return cid, total


def held_by_sockets(port):
    """Bytes that were sent from this port and that nobody has read yet, on either side, once there are no more."""
    held, before = 0, -1
    while held != before:
        time.sleep(0.2)
        held, before = 0, held
        for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
            _, own, peer, _, queues = line.split()[:5]
            sending, receiving = (int(one, 16) for one in queues.split(":"))
            held += sending if own.endswith(f":{port:04X}") else receiving if peer.endswith(f":{port:04X}") else 0
    return held


def run(home, cid, server, kill_at=None):
    """Its peak RSS, how long it took, when it began and what sockets held; killed once so many bytes are there."""
    gateway, held = server.url, 0
    environment = {**os.environ, "EAI_HOME": str(home), "EAI_GATEWAYS": gateway, "EAI_PUBLIC_GATEWAYS": "false"}
    began = time.time()
    process = subprocess.Popen([BUILD / "bin/eai", "model", "download", cid, "--json"], env=environment, stdout=subprocess.PIPE)
    for line in process.stdout:
        if kill_at is not None and json.loads(line).get("received", 0) >= kill_at:
            process.send_signal(signal.SIGSTOP)
            held = held_by_sockets(server.port)
            process.kill()
            break
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    if kill_at is None and status != 0:
        sys.exit("the download failed")
    return usage.ru_maxrss * 1024, time.time() - began, began, held


def main():
    wanted = float(os.environ.get("EAI_BENCH_GB", "30"))
    with tempfile.TemporaryDirectory(prefix="eai-bench-") as folder:
        work = pathlib.Path(folder)
        room = shutil.disk_usage(work).free / GB - 6
        size = int(min(wanted, room) * GB)
        cid, total = plant(work, size)
        log = work / "log"
        server = Nginx(work / "nginx", f"root $kind; access_log {log} times;",
                       f'map $args $kind {{ default {work}/files; "format=raw" {work}/blocks; }}\n'
                       'log_format times "$msec $request_time $body_bytes_sent $args $http_range";')
        try:
            killed, _, _, held = run(work / "home", cid, server, KILL_AT * total)
            resumed, seconds, began, _ = run(work / "home", cid, server)
            model = work / "home/models" / cid / "model.gguf"
            good = model.stat().st_size == total
        finally:
            server.stop()
        lines = [line.split() for line in log.read_text().splitlines() if "bytes=" in line]
        sent = sum(int(line[2]) for line in lines)
        starts = [float(line[0]) - float(line[1]) for line in lines]
        first = min(start for start in starts if start >= began - 0.001) - began
    again = (sent - total - held) / 2**20
    print(f"{total / GB:.1f} GB{'' if size == int(wanted * GB) else f' instead of {wanted:.0f}, because the disk has no more room'}:"
          f" memory {killed / 2**20:.0f} and {resumed / 2**20:.0f} MiB (bar: 64)")
    print(f"  killed at {KILL_AT:.0%}; then the first request after {first:.2f} s (bar: 1), {again:.1f} MiB again (bar: 16) besides "
          f"the {held / 2**20:.1f} that sockets held; the rest took {seconds:.1f} s")
    return 0 if good and max(killed, resumed) <= 64 << 20 and first < 1 and again <= 16 else 1


if __name__ == "__main__":
    sys.exit(main())

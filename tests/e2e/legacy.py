"""A model preserved as the Python tool did it (tar, gzip, parts, metadata), and a gateway on loopback that has it."""
import base64
import gzip
import hashlib
import http.server
import io
import json
import os
import re
import ssl
import struct
import tarfile
import threading

MIB = 1 << 20


def cid_of(data):
    """CIDv1, raw, sha2-256, base32."""
    binary = b"\x01\x55\x12\x20" + hashlib.sha256(data).digest()
    return "b" + base64.b32encode(binary).decode().lower().rstrip("=")


def big_gguf(size):
    """A GGUF with one tensor of `size` bytes that cannot be compressed. No engine can run it."""
    def text(s):
        return struct.pack("<Q", len(s)) + s.encode()

    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 2)
    head += text("general.architecture") + struct.pack("<I", 8) + text("llama")
    head += text("llama.context_length") + struct.pack("<II", 4, 2048)
    head += text("weights") + struct.pack("<IQIQ", 1, size // 4, 0, 0)
    return head + bytes(-len(head) % 32) + os.urandom(size)


class Zeros:
    """A file of zeros, of any length."""

    def read(self, size):
        return bytes(size)


def container(name, files, part_size=64 * MIB, extra=(), **fields):
    """(hash of the model, {cid: bytes}) of the folder `name` with `files` {name: bytes}, and tar entries as they
    are."""
    raw = io.BytesIO()
    with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=1, mtime=0) as packed, \
            tarfile.open(fileobj=packed, mode="w|", format=tarfile.GNU_FORMAT) as tar:
        folder = tarfile.TarInfo(name)
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(folder)
        for file, data in files.items():
            entry = tarfile.TarInfo(f"{name}/{file}")
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
        for entry in extra:
            tar.addfile(entry, Zeros() if entry.size else None)
    packed = raw.getvalue()
    blocks, listed = {}, []
    for i in range(0, len(packed), part_size):
        part = packed[i:i + part_size]
        number = i // part_size
        blocks[cid_of(part)] = part
        listed.append({"cid": cid_of(part), "file_hash": hashlib.sha256(part).hexdigest(), "size_mb": len(part) / MIB,
                       "file_name": f"{name}.zip.part-{chr(97 + number // 26)}{chr(97 + number % 26)}"})
    return with_document(json.dumps({"folder_name": name, "chunk_size_mb": part_size // MIB, "num_of_files": len(listed),
                                     "files": listed[::-1], "task": "chat", "ram": 1.0, **fields}).encode(), blocks)


def with_document(document, blocks=None):
    """The same, with any bytes as the metadata."""
    return cid_of(document), {**(blocks or {}), cid_of(document): document}


class Gateway:
    """Answers GET and HEAD /ipfs/<cid>, with ranges. With `hold_after`, it sends that many bytes in all and then
    nothing until let_go(). With `lie`, one byte of every answer is wrong. With `tls`, a file with a certificate and its
    key, it speaks https."""

    def __init__(self, blocks, hold_after=None, lie=False, host="127.0.0.1", tls=None):
        self.blocks, self.hold_after, self.lie = blocks, hold_after, lie
        self.sent, self.asked, self.lock = 0, 0, threading.Lock()
        self.holding, self.go_on = threading.Event(), threading.Event()
        gateway = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                gateway.answer(self, self.command == "GET")

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((host, 0), Handler)
        self.server.daemon_threads = True
        self.url = f"{'https' if tls else 'http'}://{host}:{self.server.server_address[1]}"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.let_go()
        self.server.shutdown()
        self.server.server_close()

    def let_go(self):
        self.hold_after = None
        self.go_on.set()

    def answer(self, handler, with_body):
        self.asked += 1
        block = self.blocks.get(handler.path.split("?")[0].removeprefix("/ipfs/"))
        if block is None:
            handler.send_error(404)
            return
        first, last = 0, len(block) - 1
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", handler.headers.get("Range", ""))
        if wanted:
            first, last = int(wanted[1]), min(last, int(wanted[2] or last))
        handler.send_response(206 if wanted else 200)
        if wanted:
            handler.send_header("Content-Range", f"bytes {first}-{last}/{len(block)}")
        handler.send_header("Content-Length", str(last - first + 1))
        handler.send_header("Content-Type", "application/vnd.ipld.raw")
        handler.end_headers()
        if not with_body:
            return
        body = bytearray(block[first:last + 1])
        if self.lie:
            body[len(body) // 2] ^= 1
        try:
            self.send(handler, body)
        except (BrokenPipeError, ConnectionResetError):
            handler.close_connection = True

    def send(self, handler, body):
        for i in range(0, len(body), 64 << 10):
            with self.lock:
                hold = self.hold_after is not None and self.sent >= self.hold_after
            if hold:
                self.holding.set()
                self.go_on.wait()
            piece = body[i:i + (64 << 10)]
            handler.wfile.write(piece)
            with self.lock:
                self.sent += len(piece)

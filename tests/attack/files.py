"""Pictures whose header promises more than their bytes, cut off ones, and bombs."""
import base64
import struct
import zlib

from shot import Shot
from values import text

PIXELS = 24 << 20  # bytes of rows that are made
SIDES = [0, 1, 16, 64, 64, 600, 3000, 3000, 12000, 12000, 16385, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(rng):
    width, height = rng.choice(SIDES), rng.choice(SIDES)
    depth, color = rng.choice([(8, 2), (8, 6), (1, 0), (16, 6), (8, 0), (3, 7)])
    row = 1 + (width * depth * {2: 3, 6: 4}.get(color, 1) + 7) // 8
    whole = min(height, PIXELS // row)  # few bytes once they are packed
    data = zlib.compress(bytes(row * rng.choice([whole, whole, whole, 0, 1 if row < PIXELS else 0])), 1)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, rng.choice([0, 0, 0, 1])))
    extra = chunk(rng.choice([b"iCCP", b"zTXt", b"tRNS", b"PLTE", b"eXIf"]), zlib.compress(bytes(rng.choice([0, 99, 1 << 22])))) if rng.random() < 0.2 else b""
    return b"\x89PNG\r\n\x1a\n" + head + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def whole_png(rng):
    """One that is as it should be, of any size."""
    width, height = rng.choice([1, 16, 600, 3000, 8000]), rng.choice([1, 16, 600, 2000])
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes((1 + width * 3) * height), 1)) + chunk(b"IEND", b"")


def jpeg(rng):
    width, height, parts = rng.choice(SIDES) & 0xFFFF, rng.choice(SIDES) & 0xFFFF, rng.choice([1, 3, 4, 255])
    frame = struct.pack(">BHHB", 8, height, width, parts) + bytes([1, rng.choice([0x11, 0x44, 0]), 0]) * min(parts, 4)
    return (b"\xff\xd8\xff" + rng.choice([b"\xc0", b"\xc2"]) + struct.pack(">H", len(frame) + 2) + frame + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" *
            rng.choice([1, 3000]) + bytes(rng.randrange(3000)) + b"\xff\xd9")


def gif(rng):
    width, height = rng.choice(SIDES) & 0xFFFF, rng.choice(SIDES) & 0xFFFF
    frame = b"," + struct.pack("<HHHHB", 0, 0, rng.choice([width, 1, 65535]), height, 0) + b"\x08" + b"\xff" + bytes(255) + b"\x00"
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0xF7, 0, 0) + bytes(768) + frame * rng.choice([1, 500]) + b";"


def bmp(rng):
    width, height = rng.choice(SIDES) & 0x7FFFFFFF, rng.choice([1, -1]) * (rng.choice(SIDES) & 0x7FFFFFFF)
    return b"BM" + struct.pack("<IHHI", 99, 0, 0, rng.choice([54, 0, 2**32 - 1])) + struct.pack(
        "<IiiHHIIiiII", rng.choice([40, 124, 12]), width, height, 1, rng.choice([1, 4, 8, 24, 32, 64]), rng.choice([0, 1, 3]), 0, 0, 0,
        rng.choice([0, 256, 2**32 - 1]), 0) + bytes(rng.randrange(2000))


def webp(rng):
    width, height = rng.choice(SIDES) & 0x3FFF, rng.choice(SIDES) & 0x3FFF
    lossy = b"VP8 " + struct.pack("<I", 30) + b"\x30\x01\x00\x9d\x01\x2a" + struct.pack("<HH", width, height) + bytes(20)
    lossless = b"VP8L" + struct.pack("<I", 30) + b"\x2f" + struct.pack("<I", width | height << 14) + bytes(25)
    wide = b"VP8X" + struct.pack("<I", 10) + bytes([0x12, 0, 0, 0]) + b"\xff" * 6 + lossy
    body = rng.choice([lossy, lossless, wide])
    return b"RIFF" + struct.pack("<I", rng.choice([len(body) + 4, 2**32 - 1, 0])) + b"WEBP" + body


def file(rng):
    if rng.random() < 0.3:
        return whole_png(rng)
    made = rng.choice([png, png, jpeg, gif, bmp, webp])(rng)
    deed = rng.random()
    if deed < 0.1:
        return made[:rng.randrange(len(made))]
    if deed < 0.3:
        made = bytearray(made)
        for _ in range(rng.randrange(1, 6)):
            made[rng.randrange(len(made))] = rng.randrange(256)
        return bytes(made)
    return made


def in_chat(rng):
    count = rng.choice([1, 1, 1, 2, 20])
    uris = []
    for _ in range(count):
        data = base64.b64encode(file(rng)).decode()
        uris.append(rng.choice([f"data:image/png;base64,{data}", data, f"data:;base64,{data}", f"DATA:image/x;BASE64,{data[:-1]}"]))
    if rng.random() < 0.1:
        uris = [rng.choice(["http://127.0.0.1:1/x", "http://[::1]:8080/", "file:///etc/passwd", "http://169.254.169.254/", "gopher://x",
                            "http://x.invalid/" + "a" * 9000, "data:," + "%00" * 99, text(rng)])]
    parts = [{"type": "image_url", "image_url": {"url": uri}} for uri in uris]
    return Shot("pictures", "/v1/chat/completions", {"messages": [{"role": "user", "content": [*parts, {"type": "text", "text": "What?"}]}],
                                                     "max_tokens": 2}, patience=rng.choice([0.3, 30, 30]))


def edit(rng):
    edge = "x" * 20
    body = b""
    for name, value in (("prompt", b"x"), ("size", b"64x64"), ("steps", b"1"), ("image", file(rng)), ("mask", file(rng))):
        if name == "mask" and rng.random() < 0.6:
            continue
        known = f'; filename="a{rng.choice(["", chr(0), "/../x"])}"' if name in ("image", "mask") else ""
        body += f'--{edge}\r\nContent-Disposition: form-data; name="{name}"{known}\r\n\r\n'.encode() + value + b"\r\n"
    body += f"--{edge}--\r\n".encode()
    if rng.random() < 0.2:
        body = body[:rng.randrange(len(body))]
    return Shot("picture forms", rng.choice(["/v1/images/edits", "/v1/images/variations"]), body,
                headers=[("Content-Type", f"multipart/form-data; boundary={edge}")])

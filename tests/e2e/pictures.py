"""Pictures for the image tests, written and read with the standard library alone."""
import struct
import zlib


def png(width, height, pixel=b"\xff\x00\x00", body=None):
    """A picture of one colour; a pixel of four bytes has transparency. `body` replaces the compressed pixels."""
    kind = {3: 2, 4: 6}[len(pixel)]

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = (b"\0" + pixel * width) * height if body is None else b""
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows) if body is None else body) + chunk(b"IEND", b""))


def bomb():
    """A few bytes that claim to be 60000 x 60000 pixels."""
    return png(60000, 60000, body=zlib.compress(b"\0" * 1000))


def size_of(data):
    """(format, width, height) of a PNG, JPEG or WebP."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return ("png", *struct.unpack(">II", data[16:24]))
    if data.startswith(b"\xff\xd8"):
        at = 2
        while data[at + 1] not in (0xC0, 0xC1, 0xC2):
            at += 2 + struct.unpack(">H", data[at + 2:at + 4])[0]
        height, width = struct.unpack(">HH", data[at + 5:at + 9])
        return "jpeg", width, height
    assert data[:4] == b"RIFF" and data[8:12] == b"WEBP", data[:16]
    assert data[12:16] == b"VP8 ", "the lossy kind"
    width, height = struct.unpack("<HH", data[26:30])
    return "webp", width & 0x3FFF, height & 0x3FFF

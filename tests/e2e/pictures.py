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


def pixels(data):
    """The rows of a PNG of 8 bits without transparency or interlacing, each a list of (red, green, blue)."""
    assert data[:16] == b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" and data[24:29] == b"\x08\x02\0\0\0", data[:32]
    width, height = struct.unpack(">II", data[16:24])
    packed, at = b"", 8
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        packed += data[at + 8:at + 8 + size] if kind == b"IDAT" else b""
        at += size + 12
    raw, stride, rows = zlib.decompress(packed), 3 * width, []
    above = bytes(stride)
    for top in range(0, height * (stride + 1), stride + 1):
        above = unfiltered(raw[top], raw[top + 1:top + 1 + stride], above)
        rows.append(list(zip(above[::3], above[1::3], above[2::3])))
    return rows


def unfiltered(rule, row, above):
    """A row of a PNG, before its filter took away what the neighbours tell: left, above, their mean, or the nearest."""
    if rule == 0:
        return row
    if rule == 2:
        return bytes((value + up) & 0xFF for value, up in zip(row, above))
    out = bytearray(3) + row  # with a black pixel at its left
    corners = bytes(3) + above
    for i in range(3, len(out)):
        left, up, corner = out[i - 3], corners[i], corners[i - 3]
        if rule == 1:
            near = left
        elif rule == 3:
            near = (left + up) // 2
        else:
            a, b, c = abs(up - corner), abs(left - corner), abs(left + up - corner - corner)
            near = left if a <= b and a <= c else up if b <= c else corner
        out[i] = (out[i] + near) & 0xFF
    return bytes(out[3:])

"""Draws the pictures that the demo model knows, one shape in one colour on another, as PNG bytes, 64 by 64, without a
library."""
import base64
import struct
import sys
import zlib

SIZE = 64
COLOURS = {"red": (212, 42, 42), "green": (48, 158, 68), "blue": (40, 86, 198), "yellow": (244, 206, 36),
           "purple": (128, 62, 168), "orange": (242, 130, 32), "black": (16, 16, 16), "white": (249, 249, 249)}

# Whether the point (x, y) lies in the shape; both run from -1 to 1, y downwards, and the shape fills about that.
SHAPES = {
    "circle": lambda x, y: x * x + y * y <= 1,
    "square": lambda x, y: abs(x) <= 0.88 and abs(y) <= 0.88,
    "triangle": lambda x, y: -1 <= y <= 0.8 and abs(x) <= 0.95 * (y + 1) / 1.8,
    "cross": lambda x, y: min(abs(x), abs(y)) <= 0.33 and max(abs(x), abs(y)) <= 1,
}


def png(colour, shape, background):
    radius, middle, inside = SIZE * 0.36, (SIZE - 1) / 2, SHAPES[shape]
    rows = b"".join(
        b"\0" + b"".join(bytes(COLOURS[colour if inside((x - middle) / radius, (y - middle) / radius) else background])
                         for x in range(SIZE)) for y in range(SIZE))
    parts = [(b"IHDR", struct.pack(">IIBBBBB", SIZE, SIZE, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts)


def data_uri(colour, shape, background):
    return "data:image/png;base64," + base64.b64encode(png(colour, shape, background)).decode()


if __name__ == "__main__":  # shapes.py red circle white >picture.png
    sys.stdout.buffer.write(png(*sys.argv[1:4]))

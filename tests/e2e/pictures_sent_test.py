"""Pictures inside requests, of every kind that people have and however their text is spelled: the model sees them."""
import base64
import ctypes
import struct
import urllib.parse
import zlib

import pytest
from conftest import post
from pictures import bomb
from shapes import SIZE, png

QUESTION = "What do you see in this image?"
PATHS = ("/v1/chat/completions", "/v1/responses", "/v1/messages")


def rows_of(data):
    """The pixels of a PNG of shapes.py: rows of RGB."""
    packed = data[data.index(b"IDAT") + 4:data.index(b"IEND") - 8]
    raw = zlib.decompress(packed)
    return [raw[y * (3 * SIZE + 1) + 1:(y + 1) * (3 * SIZE + 1)] for y in range(SIZE)]


def turned(rows):
    """A quarter turn to the left: what a camera stores that was held with orientation 6."""
    return [b"".join(row[3 * x:3 * x + 3] for row in rows) for x in reversed(range(SIZE))]


def a_png(depth, colour, rows):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", SIZE, SIZE, depth, colour, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))) + chunk(b"IEND", b""))


def deep_png(rows):
    return a_png(16, 2, [bytes(b for value in row for b in (value, value)) for row in rows])


def clear_png(rows):
    """White becomes transparent black."""
    def pixel(row, x):
        rgb = row[3 * x:3 * x + 3]
        return b"\0\0\0\0" if min(rgb) > 240 else rgb + b"\xff"
    return a_png(8, 6, [b"".join(pixel(row, x) for x in range(SIZE)) for row in rows])


def webp(rows, lossless=False):
    library = ctypes.CDLL("libwebp.so.7")
    out = ctypes.POINTER(ctypes.c_uint8)()
    encode = library.WebPEncodeLosslessRGB if lossless else library.WebPEncodeRGB
    encode.restype = ctypes.c_size_t
    pixels = b"".join(rows)
    quality = () if lossless else (ctypes.c_float(95),)
    size = encode(pixels, SIZE, SIZE, 3 * SIZE, *quality, ctypes.byref(out))
    data = ctypes.string_at(out, size)
    library.WebPFree.argtypes = [ctypes.c_void_p]
    library.WebPFree(out)
    return data


def moving_webp(rows):
    head = b"".join(n.to_bytes(3, "little") for n in (0, 0, SIZE - 1, SIZE - 1)) + (100).to_bytes(4, "little")

    def chunk(name, data):
        return name + struct.pack("<I", len(data)) + data
    body = (chunk(b"VP8X", struct.pack("<I", 2) + (SIZE - 1).to_bytes(3, "little") * 2) + chunk(b"ANIM", bytes(6)) +
            chunk(b"ANMF", head + webp(rows, lossless=True)[12:]) + chunk(b"ANMF", head + webp([bytes(3 * SIZE)] * SIZE, True)[12:]))
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def jpeg(rows, flags=0):
    library = ctypes.CDLL("libturbojpeg.so.0")
    library.tjInitCompress.restype = ctypes.c_void_p
    handle, out, size = ctypes.c_void_p(library.tjInitCompress()), ctypes.POINTER(ctypes.c_uint8)(), ctypes.c_ulong()
    rgb, full_colour = 0, 0
    assert library.tjCompress2(handle, b"".join(rows), SIZE, 0, SIZE, rgb, ctypes.byref(out), ctypes.byref(size), full_colour,
                               95, flags) == 0
    return ctypes.string_at(out, size.value)


def photograph(rows):
    exif = b"Exif\0\0" + b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0)
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg(turned(rows))[2:]


def gif(rows):
    """Few colours, in codes that never grow: a clear code comes in time."""
    pixels = [row[3 * x:3 * x + 3] for row in rows for x in range(SIZE)]
    colours = sorted(set(pixels))
    table = b"".join(colours).ljust(3 * 128, b"\0")
    bits, have, data = 0, 0, bytearray()
    for i, pixel in enumerate(pixels):
        for code in ([128] if i % 100 == 0 else []) + [colours.index(pixel)]:
            bits, have = bits | code << have, have + 8
            while have >= 8:
                data.append(bits & 255)
                bits, have = bits >> 8, have - 8
    data.append(129)
    blocks = b"".join(bytes([len(data[i:i + 255])]) + data[i:i + 255] for i in range(0, len(data), 255))
    return (b"GIF89a" + struct.pack("<HHBBB", SIZE, SIZE, 0xF6, 0, 0) + table + b"\x2c" + struct.pack("<HHHHB", 0, 0, SIZE, SIZE, 0) +
            b"\x07" + blocks + b"\0\x3b")


def bmp(rows):
    body = b"".join(bytes(value for x in range(SIZE) for value in reversed(row[3 * x:3 * x + 3])) for row in reversed(rows))
    return b"BM" + struct.pack("<IIIIiiHHIIIIII", 54 + len(body), 0, 54, 40, SIZE, SIZE, 1, 24, 0, len(body), 0, 0, 0, 0) + body


def same(rows):
    return a_png(8, 2, rows)


FORMATS = {"png": same, "png of 16 bits": deep_png, "transparent png": clear_png, "webp": webp,
           "lossless webp": lambda rows: webp(rows, True), "moving webp": moving_webp, "jpeg": jpeg,
           "progressive jpeg": lambda rows: jpeg(rows, 16384), "photograph": photograph, "gif": gif, "bmp": bmp,
           "jpeg without its end": lambda rows: jpeg(rows)[:-2]}


def lines(text):
    return "\r\n".join(text[i:i + 76] for i in range(0, len(text), 76)) + "\r\n"


SPELLINGS = {
    "no type": lambda text: "data:;base64," + text,
    "nothing but base64": lambda text: "data:base64," + text,
    "another type": lambda text: "data:application/octet-stream;base64," + text,
    "upper case": lambda text: "DATA:IMAGE/PNG;BASE64," + text,
    "a parameter": lambda text: "data:image/png;charset=utf-8;base64," + text,
    "lines of 76": lambda text: "data:image/png;base64," + lines(text),
    "URL-safe": lambda text: "data:image/png;base64," + text.replace("+", "-").replace("/", "_"),
    "without padding": lambda text: "data:image/png;base64," + text.rstrip("="),
    "percents": lambda text: "data:image/png;base64," + urllib.parse.quote(text, safe=""),
    "no URI": lambda text: text,
}


@pytest.fixture(scope="module")
def server(eai):
    server = eai.run("eai-demo")
    yield server
    eai("model", "stop")


def ask(server, path, text):
    """The answer to a picture given as `text`: a data URI, or what stands in Anthropic's source.data."""
    if path == "/v1/messages":
        source = {"type": "base64", "media_type": "image/png", "data": text}
        return post(server, path, {"temperature": 0, "max_tokens": 50, "messages": [{"role": "user", "content": [
            {"type": "text", "text": QUESTION}, {"type": "image", "source": source}]}]})
    if path == "/v1/responses":
        return post(server, path, {"temperature": 0, "input": [{"role": "user", "content": [
            {"type": "input_text", "text": QUESTION}, {"type": "input_image", "image_url": text}]}]})
    return post(server, path, {"temperature": 0, "messages": [{"role": "user", "content": [
        {"type": "text", "text": QUESTION}, {"type": "image_url", "image_url": {"url": text}}]}]})


def spelled(path, data, kind="image/png"):
    text = base64.b64encode(data).decode()
    return text if path == "/v1/messages" else f"data:{kind};base64,{text}"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_seen(server, name, path):
    status, text = ask(server, path, spelled(path, FORMATS[name](rows_of(png("blue", "triangle", "white")))))
    assert status == 200 and "blue triangle" in text, text


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", SPELLINGS)
def test_each_spelling_is_read(server, name, path):
    text = base64.b64encode(png("red", "circle", "yellow")).decode()
    status, text = ask(server, path, SPELLINGS[name](text))
    assert status == 200 and "red circle" in text, text


HEIC = struct.pack(">I", 24) + b"ftypheic" + bytes(12)
WRONG = {"svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"), "heic": (HEIC, "a HEIC photograph"),
         "pdf": (b"%PDF-1.7\n", "a PDF"), "page": (b"<!doctype html><p>404", "an HTML page"),
         "cut": (png("red", "circle", "white")[:-60], "damaged PNG"), "bomb": (bomb(), "60000x60000"),
         "half": (jpeg([bytes(range(3 * SIZE))] * SIZE)[:700], "damaged JPEG")}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_read_is_said(server, name, path):
    data, words = WRONG[name]
    status, text = ask(server, path, spelled(path, data))
    assert status == 400 and words in text, text
    if name in ("svg", "heic", "pdf", "page"):
        assert "PNG, JPEG, WebP, GIF and BMP" in text, text


@pytest.mark.parametrize("text", ["data:image/png;base64,", "data:image/png;base64", "data:image/png;base64,a!b"])
def test_what_is_not_base64_is_said(server, text):
    status, text = ask(server, "/v1/chat/completions", text)
    assert status == 400 and ("empty" in text or "comma" in text or "not base64" in text), text

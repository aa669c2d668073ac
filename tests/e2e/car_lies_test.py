"""CARs that lie, as files to import, as sources and as seeds: about lengths, roots and blocks, cut off or without an
end. Nothing of them is believed, and what is right in them is used."""
import base64
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import urllib.error
import urllib.request

import pytest

from carry_test import export, file_of, model, other  # noqa: F401
from preserve_world import WAIT, kubo, world  # noqa: F401
from repair_test import MIB
from seeding import no_such_seed


def varint(number):
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def raw_cid(data):
    return b"\x01\x55\x12\x20" + hashlib.sha256(data).digest()


def section(cid, data):
    return varint(len(cid) + len(data)) + cid + data


def header(*roots):
    body = b"\xa2\x65roots" + bytes([0x80 + len(roots)])
    for root in roots:
        body += b"\xd8\x2a\x58" + bytes([len(root) + 1]) + b"\0" + root
    return varint(len(body + b"\x67version\x01")) + body + b"\x67version\x01"


def parse(car):
    """The roots' header, and the sections as (CID, block)."""
    def number(at):
        value = shift = 0
        while True:
            value |= (car[at] & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if car[at - 1] < 0x80:
                return value, at
    length, at = number(0)
    sections = []
    at += length
    while at < len(car):
        length, start = number(at)
        sections.append((car[start:start + 36], car[start + 36:start + length]))
        at = start + length
    return sections


@pytest.fixture
def parts(world, model, tmp_path):  # noqa: F811
    """The model, its bytes, and the sections of its CAR: the metadata first."""
    found, data = model
    export(world, found, tmp_path / "true.car")
    sections = parse((tmp_path / "true.car").read_bytes())
    assert base64.b32encode(sections[0][0]).decode().lower().rstrip("=") == found[1:]
    return found, data, sections


def joined(sections):
    return b"".join(section(*one) for one in sections)


LIES = {
    "a section that is longer than the file": lambda h, s: h + joined(s[:4]) + varint(1 << 40) + s[4][0] + s[4][1],
    "a section of no length": lambda h, s: h + joined(s[:4]) + b"\0" + joined(s[4:]),
    "a length without an end": lambda h, s: h + joined(s[:4]) + b"\xff" * 20 + joined(s[4:]),
    "a section that ends inside of its CID": lambda h, s: h + joined(s[:4]) + varint(20) + s[4][0][:20],
    "a CID with a hash of a kilobyte": lambda h, s: h + varint(1100) + b"\x01\x55\x12\xe8\x07" + b"x" * 1095 + joined(s),
    "a header that is longer than the file": lambda h, s: varint(1 << 30) + h[1:] + joined(s),
    "a header that is no CBOR": lambda h, s: varint(10) + b"0123456789" + joined(s),
    "cut off in the middle of a block": lambda h, s: (h + joined(s))[:-5000],
    "each block under the name of another": lambda h, s: h + section(*s[0]) + joined([(a[0], b[1]) for a, b in zip(s[1:], s[2:] + s[1:2])]),
    "the root without what is below": lambda h, s: h + section(*s[0]),
    "a root that is not there": lambda h, s: header(raw_cid(b"elsewhere")) + joined(s[1:]),
    "no roots": lambda h, s: header() + joined(s[1:]),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_refused_in_words_and_leaves_no_model(parts, other, tmp_path, lie):  # noqa: F811
    found, data, sections = parts
    bad = tmp_path / "bad.car"
    bad.write_bytes(LIES[lie](header(sections[0][0]), sections))
    done = other.run("import", str(bad))
    assert done.returncode not in (0, 1) and done.stderr and done.returncode < 100, (done.returncode, done.stderr)
    piped = subprocess.run(other.command("import", "-"), env=other.environment, input=bad.read_bytes(), capture_output=True, timeout=WAIT)
    assert piped.returncode not in (0, 1) and piped.returncode < 100, (piped.returncode, piped.stderr)
    assert not file_of(other, found).exists()
    # As a source it is no worse than none, and what is right in it is taken.
    done = other.run("download", "--hash", found, "--offline", "--source", str(bad), "--source", str(tmp_path / "true.car"))
    assert done.returncode == 0, done.stderr
    assert file_of(other, found).read_bytes() == data
    # A seed gives nothing wrong, whether it begins or not.
    seed = subprocess.Popen(other.command("seed", "--car", str(bad), "--share-port", "0", "--json"), env=other.environment, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if (line := seed.stdout.readline()).startswith('{"url"'):
        for cid, block in sections[:6]:
            name = "b" + base64.b32encode(cid).decode().lower().rstrip("=")
            try:
                given = urllib.request.urlopen(f"{json.loads(line)['url']}/ipfs/{name}?format=raw", timeout=WAIT).read()
                assert given == block
            except urllib.error.HTTPError as error:
                assert error.code == 404
        seed.send_signal(signal.SIGINT)
    _, said = seed.communicate(timeout=WAIT)
    assert seed.returncode == 130 or (seed.returncode in range(2, 100) and "bad.car" in said), (seed.returncode, said)


TRUTHS = {
    "each block a hundred times": lambda h, s: h + joined(s[:3]) * 100 + joined(s),
    "foreign blocks in between": lambda h, s: h + b"".join(section(raw_cid(bytes([i])), bytes([i])) + section(*one) for i, one in enumerate(s)),
    "wrong blocks besides the right ones": lambda h, s: h + joined(s) + b"".join(section(raw_cid(one), one + b"!") for one in (b"a", b"b")),
    "the blocks backwards": lambda h, s: h + joined(s[::-1]),
    "two roots": lambda h, s: header(s[1][0], s[0][0]) + joined(s),
}


@pytest.mark.parametrize("oddity", TRUTHS)
def test_what_is_odd_and_has_all_that_is_needed_is_taken(parts, other, tmp_path, oddity):  # noqa: F811
    found, data, sections = parts
    odd = tmp_path / "odd.car"
    odd.write_bytes(TRUTHS[oddity](header(sections[0][0]), sections))
    done = other.run("import", str(odd))
    assert done.returncode == 0, done.stderr
    assert file_of(other, found).read_bytes() == data


def test_a_car_without_an_end_fills_no_more_than_the_disk_and_leaves_nothing(parts, other):  # noqa: F811
    _, _, sections = parts
    home = other.folder / "home"
    home.mkdir()
    room = ("unshare", "--mount", "sh", "-c", f'mount -t tmpfs -o size=64M none "{home}" && "$@"; status=$?; '
            f'df --output=used "{home}" | tail -1; exit $status', "sh")
    process = subprocess.Popen([*room, *other.command("import", "-")], env=other.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    block = os.urandom(MIB)
    endless = section(raw_cid(block), block)
    try:
        process.stdin.write(header(sections[0][0]))
        while True:
            process.stdin.write(endless)
    except BrokenPipeError:
        pass
    process.stdin = None
    out, err = process.communicate(timeout=WAIT)
    assert process.returncode not in (0, 1) and b"space" in err, err
    assert int(out.split()[-1]) < 1024, "kilobytes are left behind"


def test_a_stick_that_is_pulled_out_in_the_middle_is_said_and_goes_on_later(world, kubo, other, tmp_path):  # noqa: F811
    path, data = world.model(size=160 * MIB)
    found = world.hash("--folder-path", path, "--format", "unixfs", "--to", f"kubo:{kubo.api}")
    stick = tmp_path / "stick.car"
    export(world, found, stick)
    whole = stick.stat().st_size
    process = other.start("download", "--hash", found, "--offline", "--source", str(stick))
    file = other.folder / "home/partial" / found / "model.gguf"
    while not (begun := file.exists() and file.stat().st_blocks > 0) and process.poll() is None:
        pass  # it has a tenth of a second to live
    process.send_signal(signal.SIGSTOP)
    rest = stick.read_bytes()[MIB:]
    os.truncate(stick, MIB)  # what a device that is gone looks like to whoever has it open
    process.send_signal(signal.SIGCONT)
    out, err = process.communicate(timeout=WAIT)
    assert begun and process.returncode not in (0, 1) and process.returncode < 100, (process.returncode, out, err)
    assert not file_of(other, found).exists()
    with open(stick, "ab") as file:
        file.write(rest)
    assert stick.stat().st_size == whole
    done = other.run("download", "--hash", found, "--offline", "--source", str(stick))
    assert done.returncode == 0, done.stderr
    assert file_of(other, found).read_bytes() == data


def test_a_seed_says_which_car_is_none(world, tmp_path):  # noqa: F811
    pathlib.Path(tmp_path / "text").write_text("no car")
    assert "text" in no_such_seed(world, "--car", str(tmp_path / "text"), "--share-port", "0")

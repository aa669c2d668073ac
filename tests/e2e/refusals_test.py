"""A file that is not a model, or a hostile one, is refused with a reason before any engine starts, and leaves nothing
on the disk."""
import json
import tarfile

import pytest
from legacy import MIB, Gateway, big_gguf, cid_of, container, with_document


def refused(eai, made, status, *said, verb="download"):
    """What stderr said when the model was refused; checks that it names what it must and that nothing is left
    behind."""
    model, blocks = made
    with Gateway(blocks) as gateway:
        told = eai("model", verb, "--hash", model, "--no-public-gateways", "--gateway", gateway.url, status=status).stderr
        for words in (*said, model[:12]):
            assert words.replace("GATEWAY", gateway.url.removeprefix("http://")) in told
    listed = eai.json("model", "list")
    assert listed["models"] == listed["damaged"] == listed["unfinished"] == []
    return told


def document(**fields):
    part = {"cid": cid_of(b"part"), "file_hash": "0" * 64, "size_mb": 1, "file_name": "m.zip.part-aa"}
    entry = {**part, **fields.pop("part", {})}
    return {"folder_name": "m", "chunk_size_mb": 1, "num_of_files": 1, "task": "chat", "files": [entry], **fields}


@pytest.mark.parametrize("said,given", [
    ("not JSON", b"<html>not here</html>"),
    ("not a JSON object", b"[]"),
    ("more than 1048576 bytes", b" " * (MIB + 1)),
    ("\"folder_name\" is missing", document(folder_name=None)),
    ("\"files\" is missing", document(files=None)),
    ("/", document(part={"file_name": "../m.zip.part-aa"})),
    ("is \"..\"", document(folder_name="..")),
    ("\"", document(part={"file_name": "m\".zip.part-aa"})),
    ("control character", document(part={"file_name": "m\0.zip.part-aa"})),
    ("num_of_files", document(num_of_files=2)),
    ("twice", document(files=document()["files"] * 2, num_of_files=2)),
    ("is not a task", document(task="war")),
], ids=lambda value: None if isinstance(value, str) else "")
def test_metadata_that_makes_no_sense(eai, said, given):
    made = with_document(given if isinstance(given, bytes) else json.dumps(given).encode())
    refused(eai, made, 2, said, "GATEWAY")


def entry(name, kind=tarfile.REGTYPE, size=0, target=""):
    made = tarfile.TarInfo(name)
    made.type, made.size, made.linkname = kind, size, target
    return made


@pytest.mark.parametrize("said,extra", [
    ("link", entry("m/m-projector", tarfile.SYMTYPE, target="/etc/passwd")),
    ("link", entry("m/m-projector", tarfile.LNKTYPE, target="m/m")),
    ("device", entry("m/m-projector", tarfile.CHRTYPE)),
    ("absolute", entry("/tmp/m")),
    ("leads out", entry("m/../../m")),
    ("are allowed", entry("m/m-projector", size=100 * MIB)),
    ("twice", entry("m/m")),
], ids=["symlink", "hard link", "device", "absolute", "parent", "bomb", "twice"])
def test_hostile_archives(eai, said, extra):
    refused(eai, container("m", {"m": big_gguf(MIB)}, extra=[extra]), 2, said)


@pytest.mark.parametrize("verb", ["download", "run"])
def test_not_a_gguf_never_reaches_an_engine(eai, verb):
    refused(eai, container("m", {"m": b"#!/bin/sh\nexit 1\n" * 1000}), 2, "not a GGUF", verb=verb)


def test_a_gguf_that_promises_more_than_there_is(eai):
    refused(eai, container("m", {"m": big_gguf(MIB)[:MIB // 2]}), 2, "GGUF")

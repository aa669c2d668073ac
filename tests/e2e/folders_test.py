"""`eai model preserve` (and `estimate`, `adopt`) with folders as people have them: any names, projectors, pieces, links, and
what is said about what cannot be preserved."""
import hashlib
import os
import pathlib
import re
import shlex
import shutil
import subprocess

import pytest

from conftest import Eai
from gguf_maker import gguf, split_gguf, write_gguf, write_lora
from preserve_world import PARTS, kubo, unpack, weights, world  # noqa: F401

EXTRA = {"README.md": b"# A model", ".gitattributes": b"*.gguf filter=lfs", "LICENSE": b"MIT", "config.json": b"{}",
         "tokenizer.json": b"{}", ".DS_Store": b"\0\0\0\1Bud1", "params": b"{}"}


def projector(seed=9):
    return gguf([("v.weight", weights(seed, 100_000))], architecture="clip")


def model(seed=1, **more):
    return gguf([(f"blk.{i}.weight", weights(seed * 100 + i, 300_000)) for i in range(5)], **more)


def folder_of(world, files, name="nice"):
    path = world.folder / name
    for file, data in files.items():
        (path / file).parent.mkdir(parents=True, exist_ok=True)
        (path / file).write_bytes(data)
    return path


def pieces_of(data, count=3, stem="Some-Model-Q8_0"):
    return {f"{stem}-{i + 1:05}-of-{count:05}.gguf": piece for i, piece in enumerate(split_gguf(data, count))}


def refuse(world, path, *words, status=2):
    done = world.run("preserve", path, "--dry-run", *words)
    assert done.returncode == status and done.stdout == "", done.stdout + done.stderr
    return done.stderr


# ---- what the files are

@pytest.mark.parametrize("names", [("Qwen3-8B-Q8_0.gguf", "mmproj-F16.gguf"), ("model.gguf", "mmproj.gguf"), ("zz", "aa.bin"),
                                   ("mmproj.gguf", "model.gguf"), ("q8/it's a model.gguf", "clip/F16.gguf")])
def test_headers_say_what_is_what(world, kubo, names):
    data, eyes = model(), projector()
    canonical = world.hash(folder_of(world, {"nice": data, "nice-projector": eyes}, "own/nice"), "--dry-run")
    path = folder_of(world, {names[0]: data, names[1]: eyes} | EXTRA)
    done = world.run("preserve", path, "--to", f"kubo:{kubo.api}")
    assert done.returncode == 0, done.stderr
    assert f"a chat model (llama, I8), {names[0]}, with the projector {names[1]}" in done.stderr
    assert "not sent: LICENSE, README.md, config.json" in done.stderr and "2 hidden" in done.stderr
    assert done.stdout.splitlines()[-1] == canonical
    assert unpack(world.metadata("nice"), kubo.get) == {"nice/nice": data, "nice/nice-projector": eyes}


def test_an_embedding_model_beside_an_adapter(world):
    path = folder_of(world, {"e.gguf": model(causal=False)} | EXTRA)
    write_lora(path / "adapter.gguf", "llama", 2, {"blk.0.attn_q.weight": (64, 64)})
    done = world.run("preserve", path, "--to", "car:x.car")
    assert done.returncode == 0 and "an embedding model (llama, I8), e.gguf" in done.stderr, done.stderr
    assert "adapter.gguf" in done.stderr and world.metadata("nice")["task"] == "embed"


def obey(world, said):
    """Types what the error says to type; its commands stand at its end."""
    command = said.strip().splitlines()[0]
    command = command[command.index("mkdir " if "mkdir " in command else "mv "):]
    subprocess.run(["sh", "-ec", command], check=True, cwd=world.folder)


@pytest.mark.parametrize("other", ["same", "quantisation", "pieces"])
def test_two_models_in_one_folder(world, other):
    files = {"a model.gguf": model(), "b-Q4.gguf": model(2)}
    if other == "pieces":
        files = {"a model.gguf": model()} | pieces_of(model(2))
    path = folder_of(world, files)
    if other == "quantisation":
        write_gguf(path / "b-Q4.gguf", {"general.architecture": "llama", "general.file_type": 2, "llama.block_count": 1},
                   {"t": ((64,), "f32", None)})
    said = refuse(world, path)
    assert "2 models" in said and "a model.gguf" in said
    obey(world, said)
    world.hash(path, "--dry-run")
    other_folder = next(p for p in world.folder.iterdir() if p.is_dir() and p not in (path, world.folder / "home"))
    world.hash(other_folder, "--dry-run")


def test_two_projectors(world):
    path = folder_of(world, {"m.gguf": model(), "mmproj-BF16.gguf": projector(), "mmproj-F16.gguf": projector(8)})
    said = refuse(world, path)
    assert "2 projectors" in said and "mmproj-BF16.gguf" in said and "mmproj-F16.gguf" in said
    obey(world, said)
    assert "with the projector mmproj-BF16.gguf" in world.run("preserve", path, "--dry-run").stderr


def test_a_projector_alone(world):
    said = refuse(world, folder_of(world, {"model.gguf": projector()}))
    assert "model.gguf is a projector, not a model" in said and "mv <model>.gguf" in said


def test_a_projector_of_another_model(world):
    path = folder_of(world, {"m.gguf": model()})
    write_gguf(path / "eyes", {"general.architecture": "clip", "clip.vision.projection_dim": 4096},
               {"mm.2.weight": ((8, 4096), "f32", None)})
    said = refuse(world, path)
    assert "eyes does not fit m.gguf" in said
    obey(world, said)
    world.hash(path, "--dry-run")


@pytest.mark.parametrize("content,said", [
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", "pointer of Git LFS"),
    (b"<!doctype html>", "not a usable GGUF file"), (b"", "not a usable GGUF file"), (b"GGUF\3\0\0\0", "not a usable GGUF file")])
def test_what_only_looks_like_a_model(world, content, said):
    path = folder_of(world, {"m.gguf": content, "README.md": b"x"})
    told = refuse(world, path)
    assert said in told and "m.gguf" in told


def test_folders_without_a_gguf(world):
    assert "holds no GGUF file" in refuse(world, folder_of(world, {"README.md": b"x"}))
    said = refuse(world, folder_of(world, {"model.safetensors": b"x" * 100, "config.json": b"{}"}, "other"))
    assert "convert_hf_to_gguf.py" in said and "--task image-generation" in said


def test_a_file_instead_of_a_folder(world):
    (world.folder / "m 8b.gguf").write_bytes(model())
    said = refuse(world, world.folder / "m 8b.gguf")
    assert "is not a folder" in said
    obey(world, said)
    world.hash(world.folder / "m 8b", "--dry-run")


# ---- models in pieces

def test_pieces_under_any_names(world, kubo):
    data = model()
    found = world.hash(folder_of(world, pieces_of(data)), "--to", f"kubo:{kubo.api}", "--ram", 1)
    metadata = world.metadata("nice")
    assert metadata["format"] == "unixfs"
    names = [f"nice-{i:05}-of-00003.gguf" for i in (1, 2, 3)]
    assert [f["file_name"] for f in metadata["files"]] == names
    assert [kubo.get(f["cid"]) for f in metadata["files"]] == split_gguf(data, 3)
    renamed = folder_of(world, dict(zip("cba", split_gguf(data, 3))), "other/nice")
    assert world.hash(renamed, "--dry-run", "--ram", 1) == found
    folder = world.folder / "home/models" / found
    assert sorted(p.name for p in folder.glob("*.gguf")) == [name.replace("nice", "model") for name in names]
    assert world.run("check", found).returncode == 0


def test_an_archive_cannot_hold_pieces(world):
    said = refuse(world, folder_of(world, pieces_of(model())), "--format", "archive", status=9)
    assert "--format unixfs" in said and "llama-gguf-split --merge" in said


def test_pieces_that_are_not_one_model(world):
    one, two = pieces_of(model()), pieces_of(model(2), stem="Other")
    names, others = list(one), list(two)
    lacks = refuse(world, folder_of(world, {n: one[n] for n in names if n != names[1]}, "lacks"))
    assert "lacks 1 of its 3 pieces: " + names[1] in lacks
    first = refuse(world, folder_of(world, {n: one[n] for n in names[1:]}, "first"))
    assert "lacks 1 of its 3 pieces: " + names[0] in first
    mixed = refuse(world, folder_of(world, {names[0]: one[names[0]], others[1]: two[others[1]], others[2]: two[others[2]]}, "mixed"))
    assert "files of 2 models" in mixed and names[0] in mixed and others[2] in mixed
    twice = refuse(world, folder_of(world, one | {"copy/" + names[1]: one[names[1]] + b"\0" * 32}, "twice"))
    assert "files of 2 models" in twice
    foreign = pieces_of(model())
    foreign[names[2]] = split_gguf(gguf([(f"x{i}", weights(i, 1000)) for i in range(7)]), 3)[2]
    assert "models" in refuse(world, folder_of(world, foreign, "foreign"))


def test_pieces_come_from_the_network_and_answer(eai, tmp_path, kubo):
    """What was preserved in pieces is fetched by somebody else and runs there."""
    eai("model", "download", "eai-demo")
    stored = eai.stored("eai-demo")
    folder = tmp_path / "pieces"
    folder.mkdir()
    for name, data in pieces_of((stored / "model.gguf").read_bytes()).items():
        (folder / name).write_bytes(data)
    shutil.copy(stored / "projector.gguf", folder / "mmproj-F16.gguf")
    done = eai("model", "preserve", folder, "--to", f"kubo:{kubo.api}", "--no-keep", cwd=tmp_path)
    found = done.stdout.splitlines()[-1]
    assert "with the projector mmproj-F16.gguf" in done.stderr
    other = Eai(pathlib.Path(eai.home) / "other")
    other.home.mkdir()
    try:
        server = other.run("--hash", found, "--gateway", kubo.gateway, "--no-public-gateways")
        whole = eai.run("eai-demo")
        question = "What is the capital of France?"
        assert server.ask(question, max_tokens=20) == whole.ask(question, max_tokens=20) != ""
        assert server.openai.models.list().data[0].root == "pieces"
        told = other("model", "estimate", found).stdout
        assert "weights" in told
    finally:
        for program in (other, eai):
            program("model", "stop")
    shown = eai.json("model", "estimate", f"{folder}/")
    weights_of = sum(p.stat().st_size for p in folder.glob("*-of-*"))
    assert 0.8 * weights_of < shown["bytes"]["weights"] <= weights_of, shown


# ---- names and links

@pytest.mark.parametrize("typed", ["nice", "nice/", "./nice/", "nice/.", ".//nice//", "sub/../nice", "ABSOLUTE", "ABSOLUTE/"])
def test_what_was_typed_names_the_model(world, typed):
    data = model()
    wanted = world.hash(folder_of(world, {"m.gguf": data}, "own/nice"), "--dry-run")
    store = folder_of(world, {"m.gguf": data}, "store/abc")
    (world.folder / "sub").mkdir()
    (world.folder / "nice").symlink_to(store)
    assert world.hash(typed.replace("ABSOLUTE", str(world.folder / "nice")), "--dry-run") == wanted


def test_dots_are_what_the_shell_says(world):
    data = model()
    wanted = world.hash(folder_of(world, {"m.gguf": data}, "own/nice"), "--dry-run")
    store = folder_of(world, {"m.gguf": data, "deep/x": b"x"}, "store/abc")
    (world.folder / "nice").symlink_to(store)
    eai = shlex.join(world.command("preserve"))
    for place, typed in (("own/nice", "."), ("nice", "."), ("nice", "./"), ("nice/deep", ".."), ("nice", "deep/..")):
        done = subprocess.run(["sh", "-c", f"cd {place} && {eai} --dry-run -q {typed}"], cwd=world.folder, env=world.environment,
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and (done.stdout.strip() == wanted), (place, typed, done.stderr)
    assert world.run("preserve", store, "--dry-run", "-q").stdout.strip() != wanted


def test_the_cache_of_hugging_face(world):
    data, eyes = model(), projector()
    commit = "0123456789abcdef0123456789abcdef01234567"
    hub = world.folder / "hub/models--Qwen--nice"
    folder_of(world, {f"blobs/{hashlib.sha256(d).hexdigest()}": d for d in (data, eyes, b"# readme")} | {"refs/main": commit.encode()},
              "hub/models--Qwen--nice")
    snapshot = hub / "snapshots" / commit
    snapshot.mkdir(parents=True)
    for name, content in (("Qwen-Q8_0.gguf", data), ("mmproj-F16.gguf", eyes), ("README.md", b"# readme")):
        (snapshot / name).symlink_to(f"../../blobs/{hashlib.sha256(content).hexdigest()}")
    wanted = world.hash(folder_of(world, {"m": data, "p": eyes}, "own/nice"), "--dry-run")
    assert world.hash(snapshot, "--dry-run") == wanted
    found = world.hash(hub, "--to", "car:x.car")
    assert found == wanted
    kept = world.folder / "home/models" / found / "model.gguf"
    assert not kept.is_symlink() and kept.read_bytes() == data
    (hub / "snapshots/second").mkdir()
    (hub / "refs/main").unlink()
    assert "2 snapshots" in refuse(world, hub)


def test_links_that_lead_to_no_file(world):
    path = folder_of(world, {"m.gguf": model()})
    for target, said in (("nowhere", "does not exist"), ("stray", "back to itself"), (world.folder, "is a folder"), (".", "is a folder"),
                         ("/dev/zero", "neither a file nor a folder")):
        (path / "stray").symlink_to(target)
        told = refuse(world, path)
        assert said in told and "stray" in told
        (path / "stray").unlink()
    os.mkfifo(world.folder / "pipe")
    (path / "stray.gguf").symlink_to(world.folder / "pipe")
    assert "neither a file nor a folder" in refuse(world, path)


def test_one_file_under_two_names(world):
    path = folder_of(world, {"m.gguf": model()})
    (path / "same.gguf").symlink_to("m.gguf")
    os.link(path / "m.gguf", path / "third.gguf")
    done = world.run("preserve", path, "--dry-run")
    assert done.returncode == 0 and "the same file as m.gguf" in done.stderr, done.stderr


# ---- other commands that meet a folder

def test_estimate_takes_a_folder(world):
    path = folder_of(world, {"m.gguf": model(), "eyes.gguf": projector()} | EXTRA)
    done = world.run("estimate", f"{path}/")
    assert done.returncode == 0 and "with the projector eyes.gguf" in done.stdout and "projector" in done.stdout, done.stderr
    assert "2 models" in world.run("estimate", folder_of(world, {"a": model(), "b": model(2)}, "two/")).stderr


def test_adopt_and_run_name_what_to_do_with_a_folder(world):
    path = folder_of(world, {"m.gguf": model()})
    done = world.run("adopt", path)
    assert done.returncode == 3 and "eai model preserve" in done.stderr
    assert "being preserved" in world.run("run", f"{path}/").stderr

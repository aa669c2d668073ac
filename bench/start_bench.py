"""How long people wait for the first word: `eai --version`, `eai --help`, `eai ls` of 100 models and what the tab key
offers of them, against `curl --version`, which loads many of the same libraries. The rivals take turns; the figures are
medians. Bars: `--version` and `--help` in under 10 ms, `ls` in under 30 ms, the tab key in under 50 ms.
"""
import base64
import hashlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

EAI = pathlib.Path(os.environ["EAI_BUILD"]) / "bin" / "eai"
ROUNDS = 100
MODELS = 100
TABS = {"tab: a command": [""], "tab: an option": ["model", "run", "--"], "tab: a field": ["ls", "--json="],
        "tab: a model here": ["rm", ""], "tab: any model": ["pull", ""], "tab: a loaded model": ["stop", ""]}
BARS = {"eai --version": 10, "eai --help": 10, "eai ls": 30, **{name: 50 for name in TABS}}  # milliseconds


def cid_of(data):
    """CIDv1, raw, sha2-256, base32."""
    return "b" + base64.b32encode(b"\x01\x55\x12\x20" + hashlib.sha256(data).digest()).decode().lower().rstrip("=")


def put_model(home, number):
    """A stored model; nobody reads the file itself to list it."""
    weights = os.urandom(4096)
    sha256 = hashlib.sha256(weights).hexdigest()
    metadata = json.dumps({"folder_name": f"model-{number}", "task": "chat", "chunk_size_mb": 1, "files": [
        {"cid": cid_of(weights), "file_hash": sha256, "size_mb": 4096 / (1 << 20),
         "file_name": f"model-{number}.zip.part-aa"}], "num_of_files": 1}).encode()
    folder = home / "models" / cid_of(metadata)
    folder.mkdir(parents=True)
    (folder / "metadata.json").write_bytes(metadata)
    (folder / "manifest.json").write_text(json.dumps({"format": 2, "origin": "downloaded", "created": 1, "files": [
        {"name": "model.gguf", "size": len(weights), "sha256": sha256}]}))
    (folder / "model.gguf").write_bytes(weights)


def milliseconds(command, environment):
    start = time.perf_counter()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - start) * 1000


def main():
    with tempfile.TemporaryDirectory(prefix="eai-bench-") as home:
        environment = {**os.environ, "EAI_HOME": home}
        for number in range(MODELS):
            put_model(pathlib.Path(home), number)
        listed = json.loads(subprocess.check_output([EAI, "ls", "--json"], env=environment))
        assert len(listed["models"]) == MODELS, listed
        rivals = {"eai --version": [EAI, "--version"], "eai --help": [EAI, "--help"], "eai ls": [EAI, "ls"],
                  "curl --version": ["curl", "--version"]}
        rivals |= {name: [EAI, "__complete", "bash", *words] for name, words in TABS.items()}
        times = {name: [] for name in rivals}
        for _ in range(ROUNDS):
            for name, command in rivals.items():
                times[name].append(milliseconds(command, environment))
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(", ".join(f"{name} {value:.1f} ms" for name, value in medians.items()) +
          f"; ratio {medians['eai --version'] / medians['curl --version']:.2f} (bars: " +
          ", ".join(f"{name} under {bar} ms" for name, bar in BARS.items()) + ")")
    sys.exit(0 if all(medians[name] < bar for name, bar in BARS.items()) else 1)


main()

"""The switch tax: how much longer a switch from one model to another takes than the new engine needs to start by
itself.

Both are interleaved: a switch, the same engine started alone, a switch back, and so on. Bar: 20 ms at p50.
"""
import io
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time

BUILD = pathlib.Path(os.environ["EAI_BUILD"])
ENGINE = BUILD / "libexec/eai/llama-server"
BLOCKS = pathlib.Path(__file__).parent.parent / "demo/blocks"
CHAT = "bafkreifz7q6ee5z7matbenlatw3ofwnuqqlmvibgyni6fw47e3jye5lmj4"
EMBED = "bafkreiedjz4uloxocmpnqi22bd5gcc3eu5byushhobz4jnnthjg2lsu4a4"
ROUNDS = 30
BAR_MS = 20


def unpack(cid, folder):
    metadata = json.loads((BLOCKS / cid).read_bytes())
    parts = sorted(metadata["files"], key=lambda part: part["file_name"])
    data = b"".join((BLOCKS / part["cid"]).read_bytes() for part in parts)
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        for member in archive:
            if member.isfile():
                target = folder / pathlib.PurePath(member.name).name
                target.write_bytes(archive.extractfile(member).read())
    return folder / metadata["folder_name"]


def start_alone(command, environment, folder):
    begun = time.perf_counter()
    with subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as engine:
        for line in engine.stdout:
            if b'"ready"' in line:
                break
        taken = (time.perf_counter() - begun) * 1000
        engine.stdin.close()
        engine.kill()
    return taken


def main():
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        models = {"chat": unpack(CHAT, folder), "embed": unpack(EMBED, folder)}
        run = folder / "run"
        run.mkdir(0o700)
        with subprocess.Popen([BUILD / "bin/switch_bench", ENGINE, run, models["chat"], models["embed"]],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
            def switch(name):
                program.stdin.write(name + "\n")
                program.stdin.flush()
                return float(program.stdout.readline())

            def command_of(name):
                """Command line and environment of the engine that runs now, with a socket of its own."""
                for entry in run.glob("*.engine"):
                    pid = entry.read_text().split()[0]
                    words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]
                    if words[words.index(b"--model") + 1].decode() == str(models[name]):
                        words[words.index(b"--host") + 1] = b"alone.sock"
                        variables = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")[:-1]
                        return words, dict(variable.split(b"=", 1) for variable in variables)
                raise RuntimeError(f"no engine of {name} runs")

            switch("chat")
            taxes, alone_all, switch_all = [], [], []
            for index in range(ROUNDS):
                name = ("embed", "chat")[index % 2]
                switched = switch(name)
                alone = start_alone(*command_of(name), folder)
                (folder / "alone.sock").unlink(missing_ok=True)
                taxes.append(switched - alone)
                alone_all.append(alone)
                switch_all.append(switched)
            program.stdin.close()
    tax = statistics.median(taxes)
    print(f"{ROUNDS} switches: {statistics.median(switch_all):.1f} ms p50, engine alone {statistics.median(alone_all):.1f} ms p50, "
          f"tax {tax:.1f} ms p50, worst {max(taxes):.1f} ms (bar: p50 {BAR_MS} ms)")
    return 0 if tax <= BAR_MS else 1


sys.exit(main())

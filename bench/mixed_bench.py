"""240 mixed requests from 4 clients for 2 models of which one is loaded at a time: eai against llama-server's own router on the same
engine.

Each client asks for one of the models at random and waits for the answer; both rivals get the same sequence. Bars:
fewer switches, a shorter longest wait, and an answer to every request (the router loses some; they are counted).
"""
import concurrent.futures
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

BUILD = pathlib.Path(os.environ["EAI_BUILD"])
REQUESTS, CLIENTS, SEED = 240, 4, 7
CHAT = {"messages": [{"role": "user", "content": "What is IPFS?"}], "temperature": 0, "max_tokens": 24}
EMBED = {"input": "a peer stores blocks"}


def ask(port, path, body, model):
    """Seconds until the answer, and whether it was one."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    begun = time.perf_counter()
    connection.request("POST", path, json.dumps(body | {"model": model}), {"content-type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status != 200:
        print(f"no answer: HTTP {answer.status} {text[:200]!r}", file=sys.stderr)
    return time.perf_counter() - begun, answer.status == 200


def mixed(port, chat, embed):
    picks = random.Random(SEED)
    wants = [[picks.random() < 0.5 for _ in range(REQUESTS // CLIENTS)] for _ in range(CLIENTS)]

    def client(number):
        return [ask(port, "/v1/chat/completions", CHAT, chat) if wants_chat else ask(port, "/v1/embeddings", EMBED, embed)
                for wants_chat in wants[number]]

    begun = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        asked = [one for of_client in pool.map(client, range(CLIENTS)) for one in of_client]
    return max(wait for wait, _ in asked), time.perf_counter() - begun, sum(not good for _, good in asked)


def ours(folder):
    environment = os.environ | {"EAI_HOME": str(folder)}
    program = BUILD / "bin/eai"
    subprocess.run([program, "model", "run", "eai-demo,eai-demo-embed", "--port", "0", "--offline", "--max-models", "1"],
                   env=environment, check=True, stdout=subprocess.DEVNULL)
    try:
        def status():
            return json.loads(subprocess.run([program, "model", "status", "--json"], env=environment, check=True,
                                             capture_output=True).stdout)

        before = status()
        chat, embed = (model["id"] for model in before["models"])
        figures = mixed(before["port"], chat, embed)
        after = status()
        count = sum(model["starts"] for model in after["models"]) - sum(model["starts"] for model in before["models"])
        return count, *figures
    finally:
        subprocess.run([program, "model", "stop"], env=environment, check=True, stdout=subprocess.DEVNULL)


def router(home, folder):
    files = {path.parent.name: path for path in (home / "models").glob("*/model.gguf")}
    chat, embed = sorted(files.values(), key=lambda path: path.stat().st_size, reverse=True)
    preset = folder / "preset.ini"
    preset.write_text(f"[chat]\nmodel = {chat}\nctx-size = 2048\n\n[embed]\nmodel = {embed}\nctx-size = 512\nembeddings = true\n")
    log = folder / "router.log"
    with log.open("w") as out:
        engine = subprocess.Popen([BUILD / "libexec/eai/llama-server", "--models-preset", preset, "--models-max", "1", "--port", "0",
                                   "--offline", "--no-ui"], stdout=out, stderr=out, cwd=folder)
    try:
        port = None
        while port is None:
            assert engine.poll() is None, log.read_text()[-2000:]
            found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", log.read_text())
            port = int(found.group(1)) if found else time.sleep(0.05)
        ask(port, "/v1/chat/completions", CHAT, "chat")
        before = log.read_text().count("spawning server instance")
        figures = mixed(port, "chat", "embed")
        return log.read_text().count("spawning server instance") - before, *figures
    finally:
        engine.terminate()
        engine.wait()


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mixed-"))
    try:
        home = folder / "home"
        us, them = ours(home), router(home, folder)
    finally:
        shutil.rmtree(folder)
    for name, (switches, longest, whole, lost) in (("eai", us), ("llama-server's router", them)):
        print(f"{name}: {switches} switches, longest wait {longest:.1f} s, {REQUESTS} requests in {whole:.1f} s, {lost} without an answer")
    print(f"switches {us[0] / max(1, them[0]):.2f}, longest wait {us[1] / them[1]:.2f}, all {us[2] / them[2]:.2f} (bars: < 1, < 1)")
    return 0 if us[0] < them[0] and us[1] < them[1] and us[3] == 0 else 1


sys.exit(main())

"""Random requests for three models of which two fit, with clients that leave and engines that are killed, for as long
as one likes. It counts wrong answers, cut streams, and what is left over."""
import collections
import http.client
import json
import os
import pathlib
import random
import re
import signal
import threading
import time
import urllib.parse

from conftest import WAIT, processes_below, similarity, words_of

QUESTIONS = ("What is the capital of France?", "What is IPFS?", "Count to 12", "Tell me a story")
CLIENTS, TRIES = 8, 30


class Soak:
    def __init__(self, server, home, seed):
        self.server, self.run_folder, self.random = server, pathlib.Path(home) / "eai/run", random.Random(seed)
        self.place = urllib.parse.urlsplit(server.url)
        models = server.models()
        self.chats = [m.id for m in models.values() if m.task == "chat"]
        self.embed = next(m.id for m in models.values() if m.task == "embed")
        self.lock, self.kills = threading.Lock(), []  # (when, model)
        self.counts = collections.Counter()
        self.faults = []
        self.names = {m.id: name for name, m in models.items()}

    def connection(self):
        return http.client.HTTPConnection(self.place.hostname, self.place.port, timeout=WAIT)

    def post(self, path, body):
        """The answer; if the server says to come back later, the client does."""
        for _ in range(TRIES):
            connection = self.connection()
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            if answer.status != 503 or "retry-after" not in answer.headers:
                return connection, answer
            answer.read()
            connection.close()
            self.counts["told to come again"] += 1
            time.sleep(int(answer.headers["retry-after"]) / 10)
        raise AssertionError("a model never came back")

    def chat_body(self, question, **more):
        return {"messages": [{"role": "user", "content": question}], "temperature": 0, "max_tokens": 120, **more}

    def whole(self, path, body):
        connection, answer = self.post(path, body)
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text)

    def streamed(self, body, leave_after=None):
        """The text, or None if the client left, and whether the stream ended as it should."""
        connection, answer = self.post("/v1/chat/completions", body | {"stream": True})
        if answer.status != 200:
            answer.read()
            connection.close()
            return None, False
        text, rest, last, seen = "", b"", b"", 0
        try:
            while piece := answer.read1():
                *whole, rest = (rest + piece).split(b"\n\n")
                for event in whole:
                    if not event.startswith(b"data: "):
                        continue
                    last, seen = event[6:], seen + 1
                    if leave_after is not None and seen > leave_after:
                        return None, True
                    if last != b"[DONE]" and "choices" in (parsed := json.loads(last)):
                        text += "".join(choice["delta"].get("content") or "" for choice in parsed["choices"])
        finally:
            connection.close()
        return text, last == b"[DONE]"

    def learn(self):
        """What every model answers when nobody disturbs it."""
        self.answers = {(chat, question): self.streamed(self.chat_body(question, model=chat))[0]
                        for chat in self.chats for question in QUESTIONS}
        self.vectors = {question: self.whole("/v1/embeddings", {"input": question, "model": self.embed})[1]["data"][0]["embedding"]
                        for question in QUESTIONS}
        assert all(self.answers.values())

    def fault(self, kind, model, begun, detail):
        """An answer that was lost because an engine died is not a fault of the server."""
        with self.lock:
            if any(begun - 0.5 < when and model == killed for when, killed in self.kills):
                self.counts["lost to a kill"] += 1
            else:
                self.faults.append((kind, self.names[model], str(detail)[:300]))

    def one(self, chance):
        begun, question = time.monotonic(), chance.choice(QUESTIONS)
        what = chance.random()
        model = self.embed if what < 0.3 else chance.choice(self.chats)
        if model == self.embed:
            status, told = self.whole("/v1/embeddings", {"input": question, "model": model})
            if status != 200:
                self.fault("refused", model, begun, told)
            elif similarity(told["data"][0]["embedding"], self.vectors[question]) < 0.999:
                self.faults.append(("wrong vector", self.names[model], question))
        elif what < 0.5:
            status, told = self.whole("/v1/chat/completions", self.chat_body(question, model=model))
            if status != 200:
                self.fault("refused", model, begun, told)
            elif told["choices"][0]["message"]["content"] != self.answers[model, question]:
                self.faults.append(("wrong answer", self.names[model], told["choices"][0]["message"]["content"]))
        elif what < 0.7:
            self.streamed(self.chat_body(question, model=model), leave_after=chance.choice((0, 1, 5, 20)))
            self.counts["left"] += 1
        else:
            text, whole = self.streamed(self.chat_body(question, model=model))
            if not whole:
                self.fault("cut stream", model, begun, text)
            elif text != self.answers[model, question]:
                self.faults.append(("wrong answer", self.names[model], text))

    def engines(self):
        return {pid: words_of(pid) for pid, name in processes_below(self.server.pid).items() if name.startswith("llama-server")}

    def kill_one(self, chance):
        try:
            engines = self.engines()
            if not engines:
                return
            pid = chance.choice(sorted(engines))
            alias = engines[pid][engines[pid].index("--alias") + 1]
            model = next(id for id, name in self.names.items() if name == alias)
            with self.lock:
                self.kills.append((time.monotonic(), model))
            os.kill(pid, signal.SIGKILL)
        except (ProcessLookupError, FileNotFoundError, ValueError):
            return  # it ended by itself at that moment
        self.counts["killed"] += 1

    def resident(self):
        return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{self.server.pid}/status").read_text()).group(1)) / 1024

    def descriptors(self):
        """The open descriptors by kind; those of a running engine come and go with it."""
        kinds = collections.Counter()
        for entry in pathlib.Path(f"/proc/{self.server.pid}/fd").iterdir():
            try:
                kinds[re.sub(r"\d+", "N", os.readlink(entry))] += 1
            except FileNotFoundError:
                pass
        return kinds

    def run(self, requests, kills):
        """Sends them all; returns the server's memory in MB after a tenth of them and at the end."""
        numbers, seeds = iter(range(requests)), [self.random.random() for _ in range(CLIENTS)]
        kill_at = set(self.random.sample(range(requests // 20, requests), kills))
        memory = []

        def client(seed):
            chance = random.Random(seed)
            while True:
                with self.lock:
                    number = next(numbers, None)
                if number is None:
                    return
                if number == requests // 10:
                    memory.append(self.resident())
                if number in kill_at:
                    self.kill_one(chance)
                try:
                    self.one(chance)
                except Exception as error:  # noqa: BLE001 - counted, told at the end
                    self.faults.append((type(error).__name__, "", str(error)[:300]))

        threads = [threading.Thread(target=client, args=(seed,), daemon=True) for seed in seeds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        memory.append(self.resident())
        return memory

    def leftovers(self):
        """Processes, sockets and records that belong to no engine that runs."""
        below = processes_below(self.server.pid)
        strangers = [name for name in below.values() if not name.startswith("llama-server")]
        sockets, records = len(list(self.run_folder.glob("*-*.sock"))), len(list(self.run_folder.glob("*.engine")))
        return {"strangers": strangers, "sockets": sockets - len(below), "records": records - len(below)}

"""Runs the real program with real engines, each test module in a home folder and a server of its own."""
import json
import os
import pathlib
import select
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request

import openai
import pytest

BUILD = pathlib.Path(os.environ["EAI_BUILD"])
TOOLS = pathlib.Path(os.environ["EAI_TEST_TOOLS"])
EAI = BUILD / "bin" / "eai"
WAIT = 120  # seconds: far more than anything here takes, so it is reached only when something hangs


class Eai:
    """The program with a home folder of its own, and with nothing from the environment of the person who runs the
    tests."""

    def __init__(self, home, program=EAI):
        self.home, self.program = pathlib.Path(home), program
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "EAI_HOME": str(home / "eai"), "LC_ALL": "C.UTF-8"}

    def start(self, *words, **more):
        """A running `eai WORDS`."""
        return subprocess.Popen([self.program, *map(str, words)], env={**self.environment, **more.pop("env", {})}, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)

    def __call__(self, *words, status=0, **more):
        """What `eai WORDS` printed, once it has ended with the expected exit status. A server that it leaves behind
        must not keep its pipes open: otherwise this would wait for the server to end."""
        process = self.start(*words, **more)
        out, err = process.communicate(timeout=WAIT)
        assert process.returncode == status, f"eai {words}: exit status {process.returncode}\n{out}\n{err}"
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def json(self, *words, **more):
        """The last line of JSON that it printed."""
        return json.loads(self(*words, "--json", **more).stdout.splitlines()[-1])

    def run(self, *words):
        """A server in the background on a free port, with what --json said about it."""
        return Server(self, self.json("model", "run", *words, "--port", "0"))

    def configure(self, text):
        """Writes config.toml; returns its path."""
        file = self.home / "eai/config/config.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)  # it may hold keys
        file.write_text(text)
        return file

    def stored(self, name):
        """The folder of a model in the store."""
        for metadata in (self.home / "eai/models").glob("*/metadata.json"):
            if json.loads(metadata.read_text())["folder_name"] == name:
                return metadata.parent
        raise AssertionError(f"no model {name} is stored")

    def copy_chat(self, name):
        """The chat model without its projector, as a model of another name; returns its hash."""
        self("model", "download", "eai-demo")
        folder = self.home / "copies" / name
        folder.mkdir(parents=True)
        shutil.copy(self.stored("eai-demo") / "model.gguf", folder / name)
        self("model", "preserve", folder, "--to", f"car:{folder}.car", cwd=folder.parent)  # it leaves its metadata there
        return self.stored(name).name

    def states(self):
        """What the server says about its models, by name."""
        return {m["name"]: m for m in self.json("model", "status")["models"]}


class Server:
    def __init__(self, eai, told):
        self.eai, self.told = eai, told
        self.url, self.pid = told["url"].rstrip("/"), told["pid"]
        self.openai = openai.OpenAI(base_url=self.url + "/v1", api_key="none", max_retries=0, timeout=WAIT)

    def models(self):
        return {m.folder_name: m for m in self.openai.models.list().data}

    def hash_of(self, name):
        return self.models()[name].id

    def ask(self, question, **more):
        """The answer to one question, at temperature 0."""
        answer = self.openai.chat.completions.create(
            model=more.pop("model", "local-model"), messages=[{"role": "user", "content": question}], temperature=0,
            **more)
        return answer.choices[0].message.content

    def embed(self, texts, model="local-model"):
        answer = self.openai.embeddings.create(model=model, input=texts, encoding_format="float")
        return [item.embedding for item in answer.data]


def processes_below(pid):
    """The processes that descend from `pid`, as {pid: name}."""
    parents, names = {}, {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            names[int(entry.name)] = stat[stat.index("(") + 1:stat.rindex(")")]
            parents[int(entry.name)] = int(stat[stat.rindex(")") + 2:].split()[1])
    below, grown = {pid}, True
    while grown:
        more = {p for p, parent in parents.items() if parent in below} - below
        below |= more
        grown = bool(more)
    return {p: names[p] for p in below - {pid}}


class Watched:
    """A process whose end can be awaited, whoever its parent is."""

    def __init__(self, pid):
        self.pid, self.fd = pid, os.pidfd_open(pid)

    def ended(self, seconds):
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        return bool(poll.poll(seconds * 1000))


def engines_of(pid):
    """The engines of a server, as {pid: name}."""
    return {p: name for p, name in processes_below(pid).items() if name.startswith("llama-server")}


def words_of(pid):
    """A process's command line."""
    return pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]


def javascript(script, url):
    """What a script, given to Node.js with a server's address, tells as JSON. It lies in this folder, or is a whole path."""
    out = subprocess.run(["node", pathlib.Path(__file__).parent / script, url], capture_output=True, text=True, timeout=WAIT,
                         env={**os.environ, "NODE_PATH": str(TOOLS / "node_modules")})
    assert out.returncode == 0, out.stderr
    return json.loads(out.stdout)


def post(server, path, body):
    """Status and text of the answer to one request, whatever they are."""
    request = urllib.request.Request(server.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=WAIT) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def similarity(a, b):
    dot = sum(x * y for x, y in zip(a, b))
    return dot / (sum(x * x for x in a) * sum(y * y for y in b)) ** 0.5


@pytest.fixture
def stopped(eai):
    """No server runs before the test or after it."""
    eai.start("model", "stop").communicate(timeout=WAIT)
    yield eai
    eai.start("model", "stop").communicate(timeout=WAIT)


@pytest.fixture(scope="module")
def eai():
    assert EAI.exists(), f"{EAI} is not built; run make build"
    # A short path, because that of a Unix socket below it must fit into 107 bytes.
    home = pathlib.Path(tempfile.mkdtemp(prefix="eai-"))
    program = Eai(home)
    yield program
    program.start("model", "stop").communicate(timeout=WAIT)
    shutil.rmtree(home)


@pytest.fixture(scope="module")
def server(eai):
    """One server with both demo models; the chat model is the main one."""
    return eai.run("eai-demo,eai-demo-embed")

"""Settings of one model, conversations that survive an unload, and a configuration that is read again while answers
run."""
import os
import signal
import subprocess

import pytest

from conftest import WAIT, Watched, engines_of, words_of
from gguf_maker import write_lora

PARIS = "What is the capital of France?"


@pytest.fixture
def home(stopped):
    yield stopped
    stopped.configure("")


def engine_words(server, name):
    """The command line of the only engine, or of the engine of this model."""
    return next(words for words in map(words_of, engines_of(server.pid)) if words[words.index("--alias") + 1] == name)


def test_they_reach_the_engine_of_that_model_alone(home):
    home.configure('[models."eai-demo"]\ncontext_length = 1024\nparallel = 2\nengine_options = ["--temp", "0.1", "--no-repack"]\n')
    server = home.run("eai-demo,eai-demo-embed")
    server.embed(["text"], model=server.hash_of("eai-demo-embed"))
    chat, embed = engine_words(server, "eai-demo"), engine_words(server, "eai-demo-embed")
    assert chat[chat.index("--ctx-size") + 1] == "1024" and chat[chat.index("--parallel") + 1] == "2"
    assert chat[-3:] == ["--temp", "0.1", "--no-repack"] and "--no-repack" not in embed
    states = home.states()
    assert (states["eai-demo"]["context_length"], states["eai-demo"]["slots"]) == (1024, 2)
    assert (states["eai-demo-embed"]["context_length"], states["eai-demo-embed"]["slots"]) == (2048, 4)


def test_an_option_beats_the_file(home):
    home.configure('[models."eai-demo"]\nparallel = 2\n')
    home.run("eai-demo", "--parallel", "3", "--connections", "2")
    assert home.states()["eai-demo"]["slots"] == 3


@pytest.mark.parametrize("line,said", [
    ('engine_options = ["--host", "0.0.0.0"]', '"--host" is not an engine option that may be set'),
    ('engine_options = ["--log-prompts-dir", "/tmp"]', "is not an engine option that may be set"),
    ('draft = "no-such-model"', 'no model is called "no-such-model"'),
    ('draft = "qwen3-1.7b"', "eai model download qwen3-1.7b"),
    ('lora = ["./nothing.gguf"]', "there is no file"),
    ("colour = 1", "unknown key models.eai-demo.colour"),
])
def test_what_is_wrong_is_told_with_file_and_line(home, line, said):
    file = home.configure(f'[models."eai-demo"]\n{line}\n')
    refused = home("model", "run", "eai-demo", "--port", "0", status=2)
    assert f"{file}, line 2: " in refused.stderr and said in refused.stderr


def test_a_name_that_nobody_knows_is_told(home):
    home.configure('[models."eai-dmeo"]\npinned = true\n')
    told = home("model", "run", "eai-demo", "--port", "0")
    assert 'no model is called "eai-dmeo"; did you mean eai-demo' in told.stderr


def test_a_lora_adapter_changes_the_answers_by_its_scale(home, tmp_path):
    home("model", "download", "eai-demo")
    # The demo model is 192 wide.
    write_lora(tmp_path / "loud.gguf", "llama", 4, {f"blk.{i}.attn_output.weight": (192, 192) for i in range(2)})
    answers = {}
    for scale in ("0", "1"):
        home.configure(f'[models."eai-demo"]\nlora = ["{tmp_path}/loud.gguf:{scale}"]\n')
        server = home.run("eai-demo", "--force")
        assert any(w.startswith("--lora") for w in engine_words(server, "eai-demo"))
        answers[scale] = server.ask(PARIS, max_tokens=20)
    assert "Paris" in answers["0"] and "Paris" not in answers["1"]


def test_a_draft_model_guesses_ahead_and_changes_no_answer(home):
    name = home.copy_chat("draft-base")
    plain = home.run("--hash", name).ask(PARIS)
    home.configure('[models."draft-base"]\ndraft = "eai-demo"\n')
    server = home.run("--hash", name, "--force")
    raw = server.openai.chat.completions.with_raw_response.create(
        model=name, messages=[{"role": "user", "content": PARIS}], temperature=0)
    assert raw.parse().choices[0].message.content == plain
    assert raw.http_response.json()["timings"]["draft_n"] > 0


def timings(server, model, messages):
    raw = server.openai.chat.completions.with_raw_response.create(model=model, messages=messages, temperature=0)
    return raw.http_response.json()["timings"], raw.parse().choices[0].message.content


@pytest.mark.parametrize("words,kept", [([], True), (["--private"], False), (["--kv-cache-limit", "0"], False)])
def test_a_conversation_survives_the_unloading_of_its_model(home, words, kept):
    name = "talker" + str(len(words))
    talker = home.copy_chat(name)
    files = home.home / "eai/logs/conversations"
    messages = [{"role": "user", "content": PARIS}]
    server = home.run(f"{name},eai-demo-embed", "--max-models", "1", *words)
    embed = server.hash_of("eai-demo-embed")
    _, answer = timings(server, talker, messages)
    messages += [{"role": "assistant", "content": answer}, {"role": "user", "content": "Count to 3"}]
    whole, _ = timings(server, talker, messages)
    server.embed(["text"], model=embed)
    assert home.states()[name]["state"] == "absent", "this test needs the model to go"
    saved = list(files.glob("*.kv")) if files.exists() else []
    assert bool(saved) is kept and all(file.stat().st_mode & 0o077 == 0 for file in saved)
    again, _ = timings(server, talker, messages)
    assert home.states()[name]["starts"] == 2
    assert (again["cache_n"] > whole["cache_n"]) if kept else (again["cache_n"] == 0)
    server.embed(["text"], model=embed)
    home("model", "stop")
    assert not list(files.glob("*.kv")), "nothing outlives the server"


class Reload:
    """Sends SIGHUP, and reads in the log when the server has acted on it."""

    def __init__(self, eai, server):
        self.server = server
        self.log = eai.start("model", "logs", "-f", "--lines", "100000")
        while f"server {server.pid} on" not in self.log.stdout.readline():  # earlier lines are from other servers
            pass

    def __call__(self):
        os.kill(self.server.pid, signal.SIGHUP)
        for line in self.log.stdout:
            if "the configuration was read again" in line:
                return line
        raise AssertionError("the log has ended")

    def end(self):
        self.log.send_signal(signal.SIGINT)
        self.log.communicate(timeout=WAIT)


def test_the_configuration_is_read_again_while_a_stream_runs(home):
    server = home.run("eai-demo")
    old = home.states()["eai-demo"]["pid"]
    reload = Reload(home, server)
    try:
        parts = iter(server.openai.chat.completions.create(
            model="local-model", messages=[{"role": "user", "content": "Tell me a story"}], max_tokens=500, stream=True,
            extra_body={"ignore_eos": True}))
        next(parts)
        os.kill(old, signal.SIGSTOP)  # in the middle of its answer, however long the rest would take
        home.configure('[models."eai-demo"]\ncontext_length = 512\n')
        assert "1 models" in reload()
        assert home.states()["eai-demo"]["state"] == "draining" and home.states()["eai-demo"]["pid"] == old
        os.kill(old, signal.SIGCONT)
        assert [p.choices[0].finish_reason for p in parts][-1] == "length"
        assert "Paris" in server.ask(PARIS)
        state = home.states()["eai-demo"]
        assert state["context_length"] == 512 and state["pid"] != old
        # A mistake is reported and changes nothing.
        home.configure("[server]\nport = 0\nprot = 1\n")
        assert "cannot be used" in (line := reload()) and "line 3: unknown key server.prot" in line
        home.configure("")
        assert "Paris" in server.ask(PARIS) and home.states()["eai-demo"]["pid"] == state["pid"]
    finally:
        reload.end()


def test_models_come_and_go_with_the_disk_and_keys_with_the_file(home):
    home("model", "download", "eai-demo")
    chat = home.stored("eai-demo").name
    told = home.json("model", "serve", "--main-hash", chat, "--port", "0")
    from conftest import Server
    server = Server(home, told)
    before = set(server.models())
    new = home.copy_chat("newcomer")
    reload = Reload(home, server)
    try:
        reload()
        assert set(server.models()) == before | {"newcomer"}
        assert "Paris" in server.ask(PARIS, model=new)
        home("model", "remove", "newcomer", "--force")
        reload()
        assert set(server.models()) == before and set(home.states()) == before
        home.configure('[server]\napi_keys = ["the-new-key-of-the-test"]\n')
        reload()
        refused = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", server.url + "/v1/models"],
                                 capture_output=True, text=True, timeout=WAIT)
        assert refused.stdout == "401"
    finally:
        reload.end()


def test_a_closed_terminal_ends_a_server_in_the_foreground(home):
    controller, terminal = os.openpty()
    process = subprocess.Popen(
        ["setsid", "--ctty", str(home_program()), "model", "run", "eai-demo", "--port", "0", "--foreground"],
        env=home.environment, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    said = b""
    while b"Ctrl-C" not in said:
        said += os.read(controller, 4096)
    watched = [Watched(p) for p in [process.pid, *engines_of(process.pid)]]
    assert len(watched) == 2
    os.close(controller)
    assert all(w.ended(WAIT) for w in watched)
    process.wait(timeout=WAIT)


def home_program():
    from conftest import EAI
    return EAI

"""What another user of the machine can put where this program keeps its own things: folders, links, pipes, records of
processes, sockets. None of it is believed, and none of it costs anything that is ours."""
import fcntl
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import stat
import subprocess
import time

import openai
import pytest

from conftest import WAIT, Server, Watched, engines_of
from preserve_world import world  # noqa: F401

PARIS = "What is the capital of France?"
STRANGER = 65534
DISTRUST = re.compile(r"belongs to user|can be written by (other users|every user)")


def hand_over(path):
    """Gives it to another user. Where this one has no right to do that, everybody may write to it instead."""
    try:
        os.lchown(path, STRANGER, STRANGER)
    except OSError:
        path.chmod(0o777)


@pytest.fixture
def bystander():
    """A process of ours that has nothing to do with any of this."""
    process = subprocess.Popen(["sleep", "1000"], stdin=subprocess.DEVNULL)
    yield process
    assert process.poll() is None, "it was ended"
    process.kill()
    process.wait()


@pytest.fixture
def shared(stopped, tmp_path):
    """A folder like /tmp as the runtime folder; the program uses XDG's folders."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    before = dict(stopped.environment)
    stopped.environment.pop("EAI_HOME")
    stopped.environment |= {"XDG_RUNTIME_DIR": str(folder), "XDG_DATA_HOME": str(stopped.home / "data"),
                            "XDG_STATE_HOME": str(stopped.home / "state"), "XDG_CONFIG_HOME": str(stopped.home / "config")}
    yield folder
    stopped.start("model", "stop").communicate(timeout=WAIT)
    stopped.environment = before


def mark_of(pid):
    """What this program writes down to know a process again."""
    text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    started = text[text.rindex(")") + 2:].split()[19]
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    program = os.stat(f"/proc/{pid}/exe")
    return {"started": f"{boot} {started}", "program": f"{program.st_dev}:{program.st_ino}"}


def record_of(pid, mark):
    return {"pid": pid, "host": "127.0.0.1", "addresses": ["127.0.0.1"], "port": 1, "encrypted": False, "main_model": "x",
            "models": ["x"], "names": ["x"], "started": 1, "process": mark}


# ---- folders

def test_a_shared_runtime_folder_is_used_safely(stopped, shared):
    server = stopped.run("eai-demo")
    assert "Paris" in server.ask(PARIS)
    assert stat.S_IMODE((shared / "eai").stat().st_mode) == 0o700
    stopped("model", "stop")


@pytest.mark.parametrize("words", [("run", "eai-demo", "--port", "0"), ("run", "eai-demo", "--foreground", "--port", "0"),
                                   ("run", "eai-demo", "--force", "--port", "0"), ("stop",), ("status",)], ids=" ".join)
def test_a_run_folder_of_another_user_is_refused(stopped, shared, bystander, words):
    run = shared / "eai"
    run.mkdir(mode=0o755)
    (run / "server.json").write_text(json.dumps(record_of(bystander.pid, mark_of(bystander.pid))))
    (run / "x.engine").write_text(f"{bystander.pid}\n" + "\n".join(mark_of(bystander.pid).values()) + "\n")
    lock = open(run / "server.lock", "w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    before = sorted(run.iterdir())
    hand_over(run)
    refused = stopped("model", *words, status=2)
    assert DISTRUST.search(refused.stderr) and str(run) in refused.stderr, refused.stderr
    assert re.search("remove it|chmod", refused.stderr), "it says what to do"
    assert sorted(run.iterdir()) == before, "nothing was put there, nothing was removed"


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770, 0o702])
def test_a_run_folder_that_others_can_write_to_is_refused(stopped, mode):
    run = stopped.home / "eai/run"
    run.mkdir(parents=True, exist_ok=True)
    run.chmod(mode)
    try:
        assert "chmod go-w" in stopped("model", "run", "eai-demo", status=2).stderr
        assert stat.S_IMODE(run.stat().st_mode) == mode
    finally:
        run.chmod(0o700)


def test_a_run_folder_that_is_a_link_is_refused(stopped, shared, tmp_path):
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (shared / "eai").symlink_to(tmp_path / "elsewhere")
    assert "is a link" in stopped("model", "run", "eai-demo", status=2).stderr
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize("which", ["eai", "eai/models"])
def test_models_that_everybody_can_replace_are_not_used(stopped, which):
    stopped("model", "download", "eai-demo")
    folder = stopped.home / which
    folder.chmod(0o777)
    try:
        for words in (("list",), ("run", "eai-demo"), ("download", "eai-demo")):
            assert DISTRUST.search(stopped("model", *words, status=2).stderr)
    finally:
        folder.chmod(0o700)
    stopped("model", "list")


def test_a_folder_of_our_own_may_be_a_link(stopped, tmp_path):
    """Models are on another disk."""
    stopped("model", "download", "eai-demo")
    shutil.move(stopped.home / "eai", tmp_path / "disk")
    (stopped.home / "eai").symlink_to(tmp_path / "disk")
    try:
        assert "eai-demo" in [m["name"] for m in stopped.json("model", "list")["models"]]
        assert "Paris" in stopped.run("eai-demo").ask(PARIS)
        stopped("model", "stop")
    finally:
        (stopped.home / "eai").unlink()
        shutil.move(tmp_path / "disk", stopped.home / "eai")


@pytest.mark.parametrize("way", ["another's", "everybody's", "in everybody's folder"])
def test_settings_of_others_are_not_read(stopped, way):
    file = stopped.configure("[server]\nport = 1\n")
    target = file.parent if way == "in everybody's folder" else file
    hand_over(target) if way == "another's" else target.chmod(0o777)
    try:
        refused = stopped("model", "list", status=2)
        assert str(target) in refused.stderr and DISTRUST.search(refused.stderr), refused.stderr
    finally:
        target.chmod(0o700)
        file.unlink()
    stopped("model", "list")


# ---- files

def plant(path, kind, target):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    if kind == "link":
        path.symlink_to(target)
    elif kind == "dangling link":
        path.symlink_to(target.parent / "created")
    elif kind == "hard link":
        path.hardlink_to(target)
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.write_text("a stranger's")
        hand_over(path)


KINDS = ["link", "dangling link", "hard link", "pipe"]


@pytest.fixture
def victim(stopped):
    """A file of ours that has nothing to do with any of this."""
    folder = stopped.home / "precious"
    folder.mkdir(exist_ok=True)
    (folder / "file").write_text("precious")
    yield folder / "file"
    assert (folder / "file").read_text() == "precious" and os.listdir(folder) == ["file"]
    shutil.rmtree(folder)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["logs/server.log", "run/server.lock", "locks"])
def test_a_file_is_not_opened_through_what_was_put_in_its_place(stopped, victim, kind, name):
    path = stopped.home / "eai" / name
    if name == "locks":
        stopped("model", "list")
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True, mode=0o700)
        stopped("model", "download", "eai-demo-embed")
        lock = next(path.iterdir())
        shutil.rmtree(stopped.home / "eai/models")
        path = lock
    plant(path, kind, victim)
    words = ("download", "eai-demo-embed") if name == "locks" else ("run", "eai-demo", "--port", "0")
    try:
        refused = stopped("model", *words, status=2)
        assert path.name in refused.stderr and re.search("is a link|hard link|not a regular file", refused.stderr), refused.stderr
    finally:
        path.unlink()


@pytest.mark.parametrize("kind", KINDS)
def test_logs_that_cannot_be_trusted_stop_no_answer(stopped, victim, kind):
    logs = stopped.home / "eai/logs"
    plant(logs / "requests.log", kind, victim)
    plant(logs / "engines/eai-demo.log", kind, victim)
    try:
        assert "Paris" in stopped.run("eai-demo", "--request-log").ask(PARIS)
        stopped("model", "stop")
        said = (logs / "server.log").read_text()
        assert "no request log" in said and "the log of an engine is not kept" in said
    finally:
        (logs / "requests.log").unlink()
        (logs / "engines/eai-demo.log").unlink()


@pytest.mark.parametrize("kind", [*KINDS, "stranger's"])
def test_a_car_is_not_written_through_what_was_put_in_its_place(world, kind):  # noqa: F811
    world.model()
    precious = world.folder / "precious/file"
    precious.parent.mkdir()
    precious.write_text("precious")
    out = world.folder / "out.car"
    plant(pathlib.Path(f"{out}.unfinished"), kind, precious)
    if kind == "stranger's" and os.stat(f"{out}.unfinished").st_uid == os.geteuid():
        return  # there is no other user here
    done = world.run("preserve", world.folder / "tiny", "--to", f"car:{out}")
    assert done.returncode != 0 and f"{out}.unfinished" in done.stderr, done.stderr
    assert not out.exists() and precious.read_text() == "precious" and os.listdir(precious.parent) == ["file"]


def test_a_car_does_not_replace_a_link(world):  # noqa: F811
    world.model()
    (world.folder / "out.car").symlink_to(world.folder / "nowhere")
    done = world.run("preserve", world.folder / "tiny", "--to", f"car:{world.folder / 'out.car'}")
    assert done.returncode != 0 and "already exists" in done.stderr
    assert (world.folder / "out.car").is_symlink() and not (world.folder / "nowhere").exists()


def test_a_file_that_another_user_can_change_is_copied(stopped, tmp_path):
    stopped("model", "download", "eai-demo")
    stored = stopped.stored("eai-demo")
    for name, ending in (("model.gguf", "gguf"), ("projector.gguf", "gguf-projector"), ("metadata.json", "json")):
        if (stored / name).exists():
            shutil.copy(stored / name, tmp_path / f"{stored.name}.{ending}")
    gguf = tmp_path / f"{stored.name}.gguf"
    gguf.chmod(0o666)
    hand_over(gguf)
    stopped("model", "remove", "eai-demo")
    stopped("model", "adopt", tmp_path)
    kept = stopped.stored("eai-demo") / "model.gguf"
    assert kept.stat().st_ino != gguf.stat().st_ino and kept.stat().st_uid == os.geteuid()
    assert stat.S_IMODE(kept.stat().st_mode) & 0o022 == 0


# ---- processes

@pytest.mark.parametrize("lie", ["old record", "number used again", "another program", "no proof"])
@pytest.mark.parametrize("words", [("stop",), ("run", "eai-demo", "--force", "--port", "0")], ids=["stop", "force"])
def test_only_the_server_itself_is_stopped(stopped, bystander, lie, words):
    run = stopped.home / "eai/run"
    run.mkdir(parents=True, exist_ok=True)
    mark = mark_of(bystander.pid)
    if lie == "number used again":
        mark["started"] += "0"
    if lie == "another program":
        mark["program"] = "1:2"
    record = record_of(bystander.pid, {"started": "", "program": ""} if lie == "no proof" else mark)
    if lie == "old record":
        record.pop("process")
    (run / "server.json").write_text(json.dumps(record))
    with open(run / "server.lock", "w") as lock:  # a server of ours runs, and its record has another process in it
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "nothing was stopped" in stopped("model", *words, status=7).stderr
    assert bystander.poll() is None


def test_a_record_of_an_engine_ends_nobody_else(stopped, bystander):
    run = stopped.home / "eai/run"
    mark = mark_of(bystander.pid)
    records = {"a": f"{bystander.pid} {mark['started']}", "b": f"{bystander.pid}\n{mark['started']}0\n{mark['program']}\n",
               "c": f"{bystander.pid}\n{mark['started']}\n1:2\n", "d": f"{bystander.pid}\n\n\n", "e": "-1\n\n\n", "f": "1\n\n\n"}
    stopped("model", "download", "eai-demo")
    run.mkdir(parents=True, exist_ok=True)
    for name, text in records.items():
        (run / f"{name}.engine").write_text(text)
    stopped.run("eai-demo")
    assert len(list(run.glob("*.engine"))) == 1
    assert bystander.poll() is None
    stopped("model", "stop")


def test_a_stopped_server_is_the_one_that_ran(stopped):
    server = stopped.run("eai-demo")
    record = json.loads((stopped.home / "eai/run/server.json").read_text())
    assert record["process"] == mark_of(server.pid)
    watched = Watched(server.pid)
    assert stopped.json("model", "stop")["pid"] == server.pid
    assert watched.ended(WAIT)


# ---- sockets

def strangers_listener(path):
    """Listens at `path` as another user, says that all is well, and keeps what it is sent in `path`.heard."""
    ready, told = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(path))
                heard = open(f"{path}.heard", "wb", buffering=0)
                try:
                    os.setgroups([])
                    os.setresuid(STRANGER, STRANGER, STRANGER)
                except OSError:
                    os.write(told, b"same user")
                    os._exit(0)
                listener.listen()
                os.write(told, b"listens")
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        heard.write(connection.recv(65536))
                        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        finally:
            os._exit(1)
    os.close(told)
    said = os.read(ready, 100)
    os.close(ready)
    return child, said == b"listens"


def test_a_socket_of_another_user_in_an_engines_place_hears_nothing(stopped):
    server = stopped.run("eai-demo")
    run = stopped.home / "eai/run"
    (engine,) = (path for path in run.glob("*.sock") if path.name != "server.sock")
    hidden = run / "hidden"
    engine.rename(hidden)
    child, listens = strangers_listener(engine)
    try:
        try:
            answer = server.openai.chat.completions.create(model="local-model", messages=[{"role": "user", "content": PARIS}],
                                                           timeout=20)
            assert "Paris" in answer.choices[0].message.content, "from the engine itself, over a connection that was open"
        except (openai.APIStatusError, openai.APITimeoutError):
            pass
        heard = pathlib.Path(f"{engine}.heard").read_bytes()
        assert not listens or heard == b"", heard
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        pathlib.Path(f"{engine}.heard").unlink()
    stopped("model", "stop")


def test_the_private_socket_answers_no_other_user(stopped):
    stopped.run("eai-demo")
    run = stopped.home / "eai/run"
    private = run / "server.sock"
    question = b"GET /eai/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    def ask(before):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(WAIT)
            before()
            client.connect(str(private))
            client.sendall(question)
            return client.recv(100)

    assert ask(lambda: None).startswith(b"HTTP/1.1 200")
    # As if the mode of the folder had not kept others out.
    for folder in (run, stopped.home, stopped.home / "eai"):
        folder.chmod(0o711)
    private.chmod(0o666)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        answer = b"same user"
        try:
            answer = ask(lambda: os.setresuid(STRANGER, STRANGER, STRANGER))
        except (ConnectionError, BrokenPipeError):
            answer = b""
        except OSError:
            pass
        finally:
            os.write(write, answer)
            os._exit(0)
    os.close(write)
    answer = os.read(read, 1000)
    os.waitpid(child, 0)
    for folder in (run, stopped.home, stopped.home / "eai"):
        folder.chmod(0o700)
    assert answer in (b"", b"same user")
    assert os.geteuid() != 0 or answer == b"" or not can_become_another()
    stopped("model", "stop")


def can_become_another():
    child = os.fork()
    if child == 0:
        try:
            os.setresuid(STRANGER, STRANGER, STRANGER)
            os._exit(0)
        except OSError:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


# ---- what stays on the disk

@pytest.mark.parametrize("words", [(), ("--private",)], ids=["usual", "private"])
def test_a_crash_leaves_no_conversation_on_the_disk(stopped, words):
    def with_cores():
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))

    server = Server(stopped, stopped.json("model", "run", "eai-demo", "--port", "0", *words, preexec_fn=with_cores))
    (engine,) = engines_of(server.pid)
    for pid in (server.pid, engine):
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
        assert re.search(r"Max core file size +0 +0 ", limits), limits
        assert int(pathlib.Path(f"/proc/{pid}/coredump_filter").read_text(), 16) == 0
    watched = Watched(engine)
    before = time.time()
    os.kill(engine, signal.SIGSEGV)
    assert watched.ended(WAIT)
    places = [stopped.home / "eai/run", pathlib.Path.cwd()]
    assert not [path for place in places for path in place.glob("core*") if path.is_file() and path.stat().st_mtime >= before]
    stopped("model", "stop")


def test_what_is_kept_belongs_to_this_user_alone(stopped):
    for folder in ("run", "logs"):
        shutil.rmtree(stopped.home / "eai" / folder)
    old = os.umask(0)
    try:
        server = stopped.run("eai-demo", "--request-log")
        assert "Paris" in server.ask(PARIS)
        stopped("model", "stop")
    finally:
        os.umask(old)
    for folder in ("run", "logs"):
        for path in [stopped.home / "eai" / folder, *(stopped.home / "eai" / folder).rglob("*")]:
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path

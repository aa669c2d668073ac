"""What an engine has found about how a model fits its devices is used at its next start, as long as it still holds (our
patch remember_fit). The devices are workers of this machine, whose memory the engine sees as that of a GPU."""
import contextlib
import json
import threading

import pytest
from conftest import WAIT
from engine_bounds_test import LlamaServer
from gguf_maker import write_shape

USED, CHANGED = "fitted to device memory as remembered", "not as remembered, fitting anew"
MIB = 1 << 20


@contextlib.contextmanager
def worker_of(eai):
    process = eai.start("worker", "--port", "0", "--json")
    port = json.loads(process.stdout.readline())["port"]
    # It tells of each connection, and waits if nobody reads that.
    readers = [threading.Thread(target=pipe.read) for pipe in (process.stdout, process.stderr)]
    for reader in readers:
        reader.start()
    yield f"127.0.0.1:{port}"
    process.terminate()
    process.wait(WAIT)
    for reader in readers:
        reader.join()


@pytest.fixture(scope="module")
def workers(eai):
    with worker_of(eai) as one, worker_of(eai) as other:
        yield [one, other]


@pytest.fixture(scope="module")
def model(eai):
    eai("model", "download", "eai-demo")
    return eai.stored("eai-demo")


class Fitting:
    """Starts the engine on workers, and keeps what it said about the fit of each start."""

    def __init__(self, folder, model, workers):
        self.folder, self.count = folder, 0
        self.words = ["-m", model / "model.gguf", "-c", 2048, "--rpc", ",".join(workers)]

    def __call__(self, *options, known=""):
        """The fit that it told, its log, and its answer."""
        self.count += 1
        folder = self.folder / str(self.count)
        folder.mkdir()
        # As eai starts it: its threads do not spin while they wait for each other, which takes long on busy cores.
        environment = {"GOMP_SPINCOUNT": "1000", **({} if known is None else {"LLAMA_KNOWN_FIT": known})}
        engine = LlamaServer(folder, *self.words, *options, environment=environment)
        try:
            status, answer = engine.ask(prompt=[*range(3, 40)], max_tokens=12, ignore_eos=True)
            assert status == 200, answer
        finally:
            engine.end()  # a worker serves one engine at a time
        told = [line["payload"]["fit"] for line in engine.states if "fit" in line.get("payload", {})]
        assert len(told) <= 1
        return (told or [None])[0], (folder / "log").read_text(), answer["choices"][0]["text"]


@pytest.fixture
def start(tmp_path, model, workers):
    return Fitting(tmp_path, model, workers[:1])


def hashed(text):
    """What stands before a fit: its hash (FNV-1a)."""
    value = 14695981039346656037
    for byte in text.encode():
        value = (value ^ byte) * 1099511628211 % (1 << 64)
    return f"{value:016x}"


def read(fit):
    assert fit[:16] == hashed(fit[16:])
    return json.loads(fit[16:])


def changed(fit, **device):
    """The fit as if the devices had been others."""
    value = read(fit)
    value["devices"] = [one | device for one in value["devices"]]
    text = json.dumps(value)
    return hashed(text) + text


def placed(log):
    """Where layers and tensors went, in the order in which the log says so. A fit says it too, for all that it tries."""
    words = ("offload", "buffer size", "assigned to", "overridden to")
    return [line.split(maxsplit=2)[2] for line in log.splitlines()
            if any(word in line for word in words) and ("load_tensors: " in line or "tensor blk" in line)]


def squeezed(start, *options):
    """Options with which only some of the layers have room."""
    device = read(start(*options)[0])["devices"][0]
    takes = device["enough"] - device["margin"]
    return ["--fit-target", (device["free"] - takes * 3 // 4) // MIB]


def test_a_model_that_has_room_is_looked_at_once(start):
    fit, log, answer = start()
    assert USED not in log
    found = read(fit)
    assert found["n_gpu_layers"] == -1 and found["n_ctx"] == 2048 and found["overrides"] == []
    again, log, same = start("--verbosity", "4", known=fit)
    assert again is None and USED in log
    assert "fitting params" not in log
    assert same == answer


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("experts", [0, 16])
def test_a_model_that_has_too_little_room_is_placed_as_before(tmp_path, model, workers, count, experts):
    start = Fitting(tmp_path, model, workers[:count])
    more = []
    if experts:
        write_shape(tmp_path / "m.gguf", architecture="qwen3moe", blocks=6, feed=256, experts=experts, kind="q8_0", trained=2048)
        more = ["-m", tmp_path / "m.gguf"]
    options = [*more, *squeezed(start, *more), "--verbosity", "5"]
    fit, log, answer = start(*options)
    found = read(fit)
    assert 0 <= found["n_gpu_layers"] < 99
    assert len(found["tensor_split"]) == count and (count == 1 or sum(found["tensor_split"]) == found["n_gpu_layers"])
    assert bool(found["overrides"]) is bool(experts)
    again, log_again, same = start(*options, known=fit)
    assert again is None and USED in log_again
    assert len(placed(log_again)) > 5 and placed(log_again) == placed(log)[-len(placed(log_again)):]
    assert same == answer


def test_the_projector_is_not_measured_again(start, model):
    options = ["--mmproj", model / "projector.gguf", "--verbosity", "4"]
    fit, log, _ = start(*options)
    assert "memory usage of mmproj" in log
    again, log, _ = start(*options, known=fit)
    assert again is None and USED in log and "memory usage of mmproj" not in log
    assert start(known=fit)[0] is not None, "without it there is more room"


@pytest.mark.parametrize("options", [["-c", 1024], ["-np", 2], ["-ub", 64], ["-b", 128], ["--cache-type-k", "q8_0"], ["--fit-target", 2000],
                                     ["--split-mode", "none"], ["--no-kv-offload"], ["--swa-full"], ["--load-mode", "none"]])
def test_other_settings_are_fitted_anew(start, options):
    fit, _, _ = start()
    other, log, _ = start(*options, known=fit)
    assert CHANGED in log
    assert other is not None and read(other)["asked"] != read(fit)["asked"]
    assert USED in start(*options, known=other)[1]


def test_another_file_or_another_worker_is_fitted_anew(start, tmp_path, model, workers):
    fit, _, _ = start()
    (tmp_path / "other").mkdir()
    assert CHANGED in Fitting(tmp_path / "other", model, workers[1:])(known=fit)[1]
    copy = tmp_path / "copy.gguf"
    copy.write_bytes((model / "model.gguf").read_bytes())
    assert CHANGED in start("-m", copy, known=fit)[1]


def test_memory_that_is_enough_stays_enough(start):
    fit, _, _ = start()
    device = read(fit)["devices"][0]
    assert device["enough"] < device["free"]
    more = device["free"] - device["enough"]
    for now, used in [(dict(free=device["free"] * 9), True), (dict(free=device["enough"]), True), (dict(enough=device["free"]), True),
                      (dict(enough=device["free"] + 1, free=device["free"] + more), False), (dict(total=device["total"] + 1), False),
                      (dict(name="CUDA0"), False)]:
        again, log, _ = start(known=changed(fit, **now))
        assert (USED in log) is used and (again is None) is used, now


def test_a_model_that_was_squeezed_gets_its_layers_back(start):
    options = squeezed(start)
    fit, _, _ = start(*options)
    device = read(fit)["devices"][0]
    assert device["enough"] > device["free"]
    least, most = device["margin"] // 8, device["free"] // 17
    for then, used in [(device["free"] + least, True), (device["free"] + least + 1, False),
                       (device["free"] - most, True), (device["free"] - most - MIB, False)]:
        # As if it had been squeezed with so much memory.
        again, log, _ = start(*options, known=changed(fit, free=then, enough=2 * device["total"]))
        assert (USED in log) is used and (again is None) is used, then - device["free"]
    # And now all of it has room.
    assert CHANGED in start(*options, known=changed(fit, enough=device["free"] - 1, free=device["free"] - 2))[1]


def test_a_damaged_text_is_fitted_anew(start):
    fit, _, answer = start()
    wrong = [fit[:-1], fit[:10], "x", fit.replace('"n_ctx":2048', '"n_ctx":1024'), " " + fit]
    for shape in ["", "7", "[]", "{}", "{", json.dumps(read(fit) | {"devices": 7}), json.dumps(read(fit) | {"overrides": [{}]}),
                  json.dumps(read(fit) | {"overrides": [{"pattern": "x", "buffer": "nobody's"}]}),
                  json.dumps(read(fit) | {"tensor_split": ["x"]}), json.dumps(read(fit) | {"tensor_split": [1] * 1000}),
                  json.dumps(read(fit) | {"n_ctx": "x"})]:
        wrong.append(hashed(shape) + shape)
    for text in wrong:
        again, log, same = start(known=text)
        assert again is not None and USED not in log, text
        assert same == answer


def test_nothing_is_told_unless_it_is_asked_for_or_if_the_fit_fails(start):
    fit, log, _ = start(known=None)
    assert fit is None and "remembered" not in log
    fit, log, _ = start(*squeezed(start), "-ngl", 99)
    assert fit is None and "failed to fit params" in log


def test_eai_remembers_per_model_and_settings(stopped, workers):
    def starts_with(context):
        """What the engine's log of one start says."""
        server = stopped.run("eai-demo", "--rpc", workers[0], "--context-length", context)
        assert "Paris" in server.ask("What is the capital of France?")
        stopped("model", "stop")
        lines = stopped("model", "logs", "eai-demo", "--lines", "100000").stdout
        return lines[lines.rindex("loading model"):]

    file = stopped.home / "eai/fits.json"
    assert USED not in starts_with(2048)
    first = json.loads(file.read_text())
    assert len(first) == 1 and file.stat().st_mode & 0o777 == 0o600
    assert USED in starts_with(2048)
    assert json.loads(file.read_text()) == first
    assert USED not in starts_with(1024)
    both = json.loads(file.read_text())
    assert len(both) == 2 and both.items() >= first.items()
    assert USED in starts_with(1024) and USED in starts_with(2048)
    file.write_text("{")
    assert USED not in starts_with(2048)
    assert json.loads(file.read_text()) == first
    stopped("model", "remove", "eai-demo")
    assert json.loads(file.read_text()) == {}

"""A model spread over two machines besides this one: each is a network namespace with a worker, joined to ours by a
cable."""
import json
import pathlib
import re
import signal
import subprocess

import pytest

from conftest import EAI, WAIT


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def resident(pid):
    """The bytes in RAM that belong to the process alone."""
    return int(re.search(r"RssAnon:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) * 1024


class Machine:
    """A network namespace of its own at the other end of a cable, which lives as long as the worker in it."""

    def __init__(self, eai, number):
        self.said = None
        self.address, here = f"10.77.{number}.2", f"10.77.{number}.1"
        name, there = f"cable{number}", f"end{number}"
        # Once it lives in its namespace it says so, and waits for a line before it becomes the worker: its end of the
        # cable must be there first.
        self.process = subprocess.Popen(
            ["unshare", "--net", "--", "sh", "-c", 'echo && read -r go && exec "$@"', "sh", EAI, "worker", "--host", self.address,
             "--port", "0", "--json"],
            env=eai.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "\n", self.process.stderr.read()
        pid = str(self.process.pid)
        ip("link", "add", name, "type", "veth", "peer", "name", there, "netns", pid)
        ip("addr", "add", f"{here}/24", "dev", name)
        ip("link", "set", name, "up")
        for words in (["addr", "add", f"{self.address}/24", "dev", there], ["link", "set", there, "up"], ["link", "set", "lo", "up"]):
            subprocess.run(["nsenter", "--target", pid, "--net", "--", "ip", *words], check=True)
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        told = json.loads(self.process.stdout.readline())
        assert told["event"] == "ready" and told["exposed"] is True
        self.place, self.worker = f"{self.address}:{told['port']}", told["pid"]

    def end(self):
        """What the worker wrote to stderr."""
        if self.said is None:
            self.process.terminate()
            _, self.said = self.process.communicate(timeout=WAIT)
        return self.said


@pytest.fixture
def machines(eai):
    both = [Machine(eai, number) for number in (1, 2)]
    yield both
    for machine in both:
        machine.end()


def test_two_workers_hold_the_layers(stopped, machines):
    before = [resident(machine.worker) for machine in machines]
    server = stopped.run("eai-demo", "--rpc", ",".join(machine.place for machine in machines))
    assert "Paris" in server.ask("What is the capital of France?")
    # Each machine holds two or three layers and their part of the context.
    for machine, was in zip(machines, before):
        assert resident(machine.worker) > was + (1 << 20), (was, resident(machine.worker))


@pytest.mark.parametrize("host,warned", [("0.0.0.0", True), ("127.0.0.1", False)])
def test_a_worker_that_others_can_reach_warns(eai, host, warned):
    worker = eai.start("worker", "--host", host, "--port", "0")
    assert "worker listening at" in worker.stdout.readline()
    worker.send_signal(signal.SIGINT)
    _, said = worker.communicate(timeout=WAIT)
    assert ("no password and no encryption" in said) is warned


def test_a_worker_that_is_not_there_is_told(stopped, machines):
    gone = machines[0].place
    machines[0].end()
    refused = stopped("model", "run", "eai-demo", "--port", "0", "--rpc", f"{gone},{machines[1].place}", status=8)
    assert "could not be started" in refused.stderr and "10.77.1.2" in refused.stderr

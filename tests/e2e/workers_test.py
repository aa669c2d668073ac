"""A model spread over two machines besides this one: each a network namespace with a worker, joined by a cable to ours."""
import json
import subprocess

import pytest

from conftest import EAI, WAIT


def ip(*words):
    subprocess.run(["ip", *words], check=True)


class Machine:
    """A network namespace of its own at the other end of a cable. Lives as long as the worker in it."""

    def __init__(self, eai, number):
        self.address, here = f"10.77.{number}.2", f"10.77.{number}.1"
        name, there = f"cable{number}", f"end{number}"
        # It waits for a line before it becomes the worker: its end of the cable must be there first.
        self.process = subprocess.Popen(
            ["unshare", "--net", "--", "sh", "-c", 'read -r go && exec "$@"', "sh", EAI, "worker", "--host", self.address,
             "--port", "0", "--json"],
            env=eai.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.wait_for_namespace()
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

    def wait_for_namespace(self):
        """`unshare` has made it when the program it becomes runs."""
        import os
        import pathlib
        ours = os.readlink("/proc/self/ns/net")
        while os.readlink(f"/proc/{self.process.pid}/ns/net") == ours:
            assert self.process.poll() is None, self.process.stderr.read()
            pathlib.Path(f"/proc/{self.process.pid}/stat").read_text()

    def end(self):
        self.process.terminate()
        _, said = self.process.communicate(timeout=WAIT)
        return said


@pytest.fixture
def machines(eai):
    both = [Machine(eai, number) for number in (1, 2)]
    yield both
    for machine in both:
        machine.end()


def test_two_workers_hold_the_layers(stopped, machines):
    server = stopped.run("eai-demo", "--rpc", ",".join(machine.place for machine in machines))
    assert "Paris" in server.ask("What is the capital of France?")
    log = stopped("model", "logs", "eai-demo", "--lines", "100000").stdout
    for machine in machines:
        assert machine.place in log, log[-3000:]
    stopped("model", "stop")
    # The warning about trust, and who came.
    said = [machine.end() for machine in machines]
    assert all("trust every machine" in text for text in said)
    assert all("Accepted client connection" in text or "connection" in text.lower() for text in said), said


def test_a_worker_that_is_not_there_is_told(stopped, machines):
    gone = machines[0].place
    machines[0].end()
    refused = stopped("model", "run", "eai-demo", "--port", "0", "--rpc", f"{gone},{machines[1].place}", status=8)
    assert "could not be started" in refused.stderr and "10.77.1.2" in refused.stderr

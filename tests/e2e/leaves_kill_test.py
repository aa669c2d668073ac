"""A download that is killed again and again, at random points: nothing that is not proven is ever visible, and each kill costs
at most 16 MiB."""
import json
import random

import pytest
from file_server import FileServer, Planted
from preserve_world import World, world  # noqa: F401

MIB = 1 << 20
MODEL = 48 * MIB
KILLS = 100


def kill_at_a_byte(running, server, chance):
    """Once so many more bytes have been sent; sooner if it ends by itself."""
    server.tell_after(chance.randrange(MODEL // 2))
    while running.poll() is None and not server.reached.wait(0.01):
        pass


def kill_at_a_line(running, server, chance):
    """Once it has told so much: also while it reads its notes, hashes, syncs or commits."""
    for _ in range(chance.randrange(1, 8)):
        line = running.stdout.readline()
        if not line or json.loads(line).get("phase") == "done":
            return


@pytest.mark.parametrize("seed", [4])
def test_a_hundred_kills_cost_little(world, tmp_path, seed):  # noqa: F811
    path, data = world.model(size=MODEL)
    planted = Planted(world, path)
    (tmp_path / "other").mkdir()
    other = World(tmp_path / "other")
    chance = random.Random(seed)
    model = other.folder / "home/models" / planted.hash
    killed, whole, held = 0, 0, 0
    with FileServer(data) as server:
        words = (*planted.words, "--source", server.url, "--json")
        while killed < KILLS:
            running = other.start(*words)
            chance.choice((kill_at_a_byte, kill_at_a_byte, kill_at_a_line))(running, server, chance)
            lost = server.kill(running)
            held += lost
            killed += running.returncode != 0
            assert running.returncode in (0, -9)
            if model.exists():
                assert (model / "model.gguf").read_bytes() == data
                assert other.run("remove", "--hash", planted.hash).returncode == 0
                whole += 1
            assert server.sent <= (whole + 1) * len(data) + held + killed * 16 * MIB
        done = other.run(*words)
        assert done.returncode == 0, done.stderr
        assert (model / "model.gguf").read_bytes() == data
        assert server.sent <= (whole + 1) * len(data) + held + killed * 16 * MIB
    assert whole > 0, "some of the kills come at the very end"
    print(f"{killed} kills, {whole} times whole, {(server.sent - (whole + 1) * len(data) - held) / killed / MIB:.1f} MiB for a kill besides {held / killed / MIB:.1f}")

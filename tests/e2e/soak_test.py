"""A short soak; bench/soak_bench.py is the long one."""
from soak import Soak

REQUESTS, KILLS = 300, 5


def test_nothing_is_lost_wrong_or_left(eai):
    eai.copy_chat("second-chat")
    server = eai.run("eai-demo,second-chat,eai-demo-embed", "--max-models", "2")
    soak = Soak(server, eai.home, seed=1)
    soak.learn()
    before = soak.descriptors()
    memory = soak.run(REQUESTS, KILLS)
    assert not soak.faults, (soak.faults, soak.counts)
    assert soak.counts["killed"] > 0 and soak.counts["left"] > 0
    assert soak.leftovers() == {"strangers": [], "sockets": 0, "records": 0}
    # Each engine has a few; a connection that was kept open for the next request may be one more.
    assert sum(soak.descriptors().values()) <= sum(before.values()) + 20, (before, soak.descriptors())
    assert memory[1] < memory[0] + 8, memory

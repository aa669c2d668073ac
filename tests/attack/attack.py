#!/usr/bin/env python3
"""Attacks a server of the release build with generated requests, beside clients who ask properly. The last lines are
the figures; the exit status is 1 if an engine was lost, somebody else was hurt, or memory went beyond the estimate.

    attack.py [--build FOLDER] [--seconds N] [--seed N] [--clients N] [--others N] [--requests N] [--only KIND] [--found FOLDER]
    attack.py --replay FILE...      sends requests that were found before, one at a time, and says what each one does
"""
import argparse
import collections
import os
import pathlib
import random
import sys
import threading
import time

import bodies
import doors
import files
import grammars
from shot import Shot, fault_in, fire
from world import MEMORY, MORE, Watch, World, crowd

KINDS = {
    "grammar": (grammars.grammar, 6), "schema": (grammars.json_schema, 6), "tools": (grammars.tools, 3), "stop and bias": (grammars.stops, 2),
    "sampling": (bodies.sampling, 6), "lengths": (bodies.lengths, 2), "histories": (bodies.histories, 5), "long histories": (bodies.long_histories, 1),
    "inputs": (bodies.inputs, 4), "image prompts": (bodies.image, 3), "broken JSON": (bodies.broken_json, 2), "pictures": (files.in_chat, 4),
    "picture forms": (files.edit, 2), "heads": (doors.head, 4), "codings": (doors.coding, 1),
}
SLOW = 5  # seconds without an end: worth a look
SHOWN = 10


class Campaign:
    def __init__(self, world, options):
        self.world, self.options = world, options
        self.lock = threading.Lock()
        self.statuses, self.kinds, self.count = collections.Counter(), collections.Counter(), 0
        self.faults, self.slow = {}, []  # signature: (shot, answer)
        self.recent = [collections.deque(maxlen=3) for _ in range(options.clients)]  # what each attacker sent last
        self.suspects = []  # whose time an engine was lost in
        self.grown = []  # whose time an engine grew beyond its estimate in
        self.until = time.monotonic() + options.seconds

    def on_loss(self, name):
        with self.lock:
            self.suspects += [shot for sent in self.recent for shot in sent]

    def on_growth(self, name):
        with self.lock:
            self.grown += [sent[-1] for sent in self.recent if sent]

    def attacker(self, number):
        rng = random.Random(f"{self.options.seed}/{number}")
        names = [self.options.only] if self.options.only else list(KINDS)
        weights = [KINDS[name][1] for name in names]
        while time.monotonic() < self.until and self.count < self.options.requests:
            shot = KINDS[rng.choices(names, weights)[0]][0](rng)
            with self.lock:
                self.recent[number].append(shot)
            self.judge(shot, fire(shot, self.world.address))

    def judge(self, shot, answer):
        fault = fault_in(answer) if answer.status == 200 else None
        with self.lock:
            self.count += 1
            self.kinds[shot.kind] += 1
            self.statuses[answer.status] += 1
            told_to_wait = answer.status == 503 and "retry-after" in {name.lower() for name in answer.headers}
            documented = told_to_wait or (answer.status == 501 and b"transfer coding" in answer.body)
            ended = fault is not None and fault.get("type") in ("server_error", "api_error")
            if (answer.status >= 500 and not documented) or ended:
                known = self.faults.get(answer.signature(shot))
                if known is None or len(known[0].body) > len(shot.body):
                    self.faults[answer.signature(shot)] = (shot, answer)
            if answer.seconds > SLOW:  # also those that wait behind another one
                self.slow.append((answer.seconds, shot, answer.status))

    def run(self):
        threads = [threading.Thread(target=self.attacker, args=(k,), daemon=True) for k in range(self.options.clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def keep(self, shot, name):
        self.options.found.mkdir(parents=True, exist_ok=True)
        file = self.options.found / f"{name}.json"
        file.write_text(shot.text())
        return file


def culprits(world, suspects, watch):
    """Those of the requests after which an engine ends, sent one at a time."""
    until, guilty = time.monotonic() + 60, []
    for shot in suspects:
        if time.monotonic() > until:
            break
        before = len(watch.lost)
        shot.patience = min(shot.patience, 5)
        fire(shot, world.address)
        watch.look()
        if len(watch.lost) > before:
            guilty.append(shot)
    return guilty


def replay(world, names):
    watch = Watch(world)
    watch.look()
    for name in names:
        shot = Shot.read(pathlib.Path(name).read_text())
        before = len(watch.lost)
        answer = fire(shot, world.address)
        watch.look()
        print(f"{name}: {shot.shown()}\n  {answer.status} after {answer.seconds:.2f} s: {answer.body[:600]!r}")
        for lost in watch.lost[before:]:
            print(f"  engine lost: {lost}")
    for name, (peak, estimated) in watch.peaks.items():
        print(f"memory of {name}: {peak / 1e6:.0f} of {estimated / 1e6:.0f} MB estimated")
    return 1 if watch.lost else 0


def attack(world, options):
    alone, trouble = crowd(world, options.others, 4)
    assert alone and not trouble, f"nobody attacks yet: {trouble}"
    campaign = Campaign(world, options)
    watch = Watch(world, campaign.on_loss, campaign.on_growth)
    watch.look()
    watch.start()
    times, failures = crowd(world, options.others, 0, campaign.run)
    watch.stop()
    lost = list(watch.lost)
    for number, (shot, answer) in enumerate(sorted(campaign.faults.values(), key=lambda pair: len(pair[0].body))[:SHOWN]):
        file = campaign.keep(shot, f"fault-{options.seed}-{number}")
        print(f"found: {answer.status} for {shot.kind}: {shot.shown()}\n  {answer.body[-300:]!r}\n  {file}")
    for number, (seconds, shot, status) in enumerate(sorted(campaign.slow, key=lambda entry: -entry[0])[:SHOWN]):
        print(f"slow: {seconds:.1f} s, {status} for {shot.kind}: {shot.shown(120)}\n  {campaign.keep(shot, f'slow-{options.seed}-{number}')}")
    for number, shot in enumerate(campaign.grown[:SHOWN]):
        print(f"while an engine grew: {shot.kind}: {shot.shown(120)}\n  {campaign.keep(shot, f'memory-{options.seed}-{number}')}")
    for number, shot in enumerate(culprits(world, campaign.suspects, watch) if lost else []):
        print(f"ends an engine: {shot.kind}: {shot.shown()}\n  {campaign.keep(shot, f'lost-{options.seed}-{number}')}")
    return figures(campaign, watch, lost, alone, times, failures)


def figures(campaign, watch, lost, alone, times, failures):
    late = [t for t in times if t > alone[-1] + MORE]
    for failure in failures[:SHOWN]:
        print(f"hurt: {failure}")
    for entry in lost[:SHOWN]:
        print(f"lost: {entry}")
    print(f"seed {campaign.options.seed}; requests by kind: " + ", ".join(f"{kind} {n}" for kind, n in sorted(campaign.kinds.items())))
    print("answers: " + ", ".join(f"{status or 'left'} {n}" for status, n in sorted(campaign.statuses.items())))
    print(f"requests: {campaign.count}")
    print(f"engines lost: {len(lost)}" + (", and the server is silent" if watch.silent else ""))
    middle = times[len(times) // 2] if times else 0
    print(f"requests of others: {len(times) + len(failures)}, {len(failures)} failed, {len(late)} waited more than {MORE:.0f} s longer than alone "
          f"(alone at most {alone[-1]:.2f} s; here {middle:.2f} s, at most {times[-1] if times else 0:.2f} s)")
    over = False
    for name, (peak, estimated) in sorted(watch.peaks.items()):
        over = over or peak > estimated * MEMORY
        print(f"memory of {name}: {peak / 1e6:.0f} MB at most, {estimated / 1e6:.0f} MB estimated ({100 * peak / estimated - 100:+.0f} %)")
    print(f"5xx answers: {sum(n for s, n in campaign.statuses.items() if s >= 500)}, {len(campaign.faults)} kinds of them not as documented")
    return 1 if lost or failures or late or over or watch.silent else 0


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--build", default=os.environ.get("EAI_BUILD", "build/release"))
    words.add_argument("--seconds", type=float, default=180)
    words.add_argument("--requests", type=int, default=10**9)
    words.add_argument("--seed", default=time.strftime("%y%m%d%H%M"))
    words.add_argument("--clients", type=int, default=6)
    words.add_argument("--others", type=int, default=3)
    words.add_argument("--only", choices=sorted(KINDS))
    words.add_argument("--found", type=pathlib.Path, default=pathlib.Path("build/attack"))
    words.add_argument("--replay", nargs="+", metavar="FILE")
    options = words.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    sys.setrecursionlimit(20000)  # bodies nested by the thousand
    threading.stack_size(256 << 20)
    world = World(options.build)
    try:
        return replay(world, options.replay) if options.replay else attack(world, options)
    finally:
        world.end()


if __name__ == "__main__":
    sys.exit(main())

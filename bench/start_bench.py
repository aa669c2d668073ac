"""How long people wait for the first word: `eai --version` and `eai model list`, against `curl --version`, which loads
many of the same libraries. The rivals take turns; the figures are medians. Bar: `eai --version` in under 10 ms.
"""
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

EAI = pathlib.Path(os.environ["EAI_BUILD"]) / "bin" / "eai"
ROUNDS = 100


def milliseconds(command, environment):
    start = time.perf_counter()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - start) * 1000


def main():
    with tempfile.TemporaryDirectory(prefix="eai-bench-") as home:
        environment = {**os.environ, "EAI_HOME": home}
        rivals = {"eai --version": [EAI, "--version"], "eai model list": [EAI, "model", "list"],
                  "curl --version": ["curl", "--version"]}
        times = {name: [] for name in rivals}
        for _ in range(ROUNDS):
            for name, command in rivals.items():
                times[name].append(milliseconds(command, environment))
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(", ".join(f"{name} {value:.1f} ms" for name, value in medians.items()) +
          f"; ratio {medians['eai --version'] / medians['curl --version']:.2f} (bar: eai --version under 10 ms)")
    sys.exit(0 if medians["eai --version"] < 10 else 1)


main()

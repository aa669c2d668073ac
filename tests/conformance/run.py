"""The official conformance suites of Trustless Gateways against `eai model seed`, which holds their fixtures. Fails if a
case fails, or a suite has not as many cases as it had when it was pinned. `make conformance` runs it, without a network.

usage: run.py <build folder> <the suites' program, in the folder of their sources>
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

SUITES = {"trustless-block-gateway": 7, "trustless-car-gateway": 52, "trustless-car-gateway-optional": 7, "trustless-ipns-gateway": 5}


def fixtures(suites, folder):
    """The CAR with all blocks, and the records that are valid: the others must not be given on."""
    subprocess.run([suites / "gateway-conformance", "extract-fixtures", "--merged", "--directory", folder], check=True,
                   cwd=suites, env={**os.environ, "GATEWAY_CONFORMANCE_HOME": str(suites)}, stdout=subprocess.DEVNULL)
    records = [p for p in sorted(folder.glob("*.ipns-record")) if "_v1-v2_" in p.name or "_v2_" in p.name]
    return folder / "fixtures.car", records


def begin(build, car, records, home):
    words = [build / "bin/eai", "model", "seed", "--car", car, "--share-port", "0", "--json"]
    words += [word for record in records for word in ("--ipns-record", record)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env={**os.environ, "EAI_HOME": str(home)})
    line = process.stdout.readline()
    if not line:
        sys.exit("the seed did not begin")
    return process, json.loads(line)["url"]


def run_suite(suites, url, suite, folder):
    """Passed and failed cases; a case that has parts counts only by its parts."""
    told = folder / f"{suite}.json"
    environment = {**os.environ, "GATEWAY_CONFORMANCE_HOME": str(suites), "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "auto"}
    done = subprocess.run([suites / "gateway-conformance", "test", "--gateway-url", url, "--specs", suite, "--json", told], cwd=suites,
                          env=environment, capture_output=True, text=True)
    ended = {}
    for line in told.read_text().splitlines() if told.exists() else []:
        event = json.loads(line)
        if event.get("Test") and event.get("Action") in ("pass", "fail"):
            ended[event["Test"]] = event["Action"]
    cases = {t: how for t, how in ended.items() if t.count("/") == 1}
    failed = [t for t, how in cases.items() if how == "fail"]
    if failed or not cases or done.returncode != 0:
        print(done.stdout[-4000:], done.stderr[-2000:], sep="\n")
    return len(cases) - len(failed), failed, done.returncode


def main():
    build, suites = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve().parent
    with tempfile.TemporaryDirectory(prefix="conformance-") as name:
        folder = pathlib.Path(name)
        (folder / "fixtures").mkdir()
        car, records = fixtures(suites, folder / "fixtures")
        seed, url = begin(build, car, records, folder / "home")
        good = True
        try:
            for suite, cases in SUITES.items():
                passed, failed, status = run_suite(suites, url, suite, folder)
                good = good and passed == cases and not failed and status == 0
                print(f"{suite}: {passed} cases passed, {len(failed)} failed", *failed, sep="\n  ")
        finally:
            seed.send_signal(signal.SIGINT)
            seed.communicate()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

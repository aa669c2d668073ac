#!/usr/bin/env python3
"""A stand-in for a pinning service (IPFS Pinning Service API 1.0.0) that really pins, through a real kubo node of its
own, which fetches from the origins that it is given.

    pinning_service.py --kubo <RPC URL> --token <token>

Orders (service.py): `faults`, of which each POST /pins takes one: "429", "500", "lost" (accepted, but the answer never
comes), "wrong" (answers another CID), "" (none); `hold`: "queued" or "pinning", the state in which pins stay until it
is ordered otherwise; `funds`, how many pins there may be (409, INSUFFICIENT_FUNDS, beyond); `patience`, seconds until
it gives up a fetch.
"""
import argparse
import datetime
import itertools
import json
import threading
import urllib.parse

import service

OTHER = "bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4"


class Pins(service.Service):
    orders = {"faults": [], "hold": None, "funds": 10**6, "patience": 20}

    def __init__(self, arguments):
        super().__init__()
        self.arguments = arguments
        self.pins, self.numbers = {}, itertools.count(1)
        self.delegates = service.rpc(arguments.kubo, "id")[0]["Addresses"] or []

    def add(self, pin):
        with self.lock:
            status = {"requestid": f"request-{next(self.numbers)}", "status": "queued",
                      "created": datetime.datetime.now(datetime.timezone.utc).isoformat(), "pin": pin,
                      "delegates": self.delegates[:20], "info": {}}
            self.pins[status["requestid"]] = status
        threading.Thread(target=self.work, args=(status,), daemon=True).start()
        return status

    def work(self, status):
        self.step(status, "queued", "pinning")
        for origin in status["pin"].get("origins", []):
            try:
                service.rpc(self.arguments.kubo, "swarm/connect?" + urllib.parse.urlencode({"arg": origin}))
            except RuntimeError:
                pass  # one of several
        try:
            service.rpc(self.arguments.kubo, f"pin/add?timeout={self.patience}s&arg={status['pin']['cid']}")
        except RuntimeError as error:
            status["info"] = {"status_details": str(error)}
            return self.step(status, "pinning", "failed")
        return self.step(status, "pinning", "pinned")

    def step(self, status, now, then):
        with self.lock:
            self.lock.wait_for(lambda: self.hold != now)
            status["status"] = then


class Handler(service.Handler):
    def refuse(self, status, reason, details=""):
        self.answer(status, {"error": {"reason": reason, "details": details}})

    def serve(self):
        state = self.service
        body = self.read_body()
        given = self.headers.get("Authorization", "")
        if given != f"Bearer {state.arguments.token}":
            return self.refuse(401, "UNAUTHORIZED", f"{given} is not known")  # repeats the token, as it should not
        where = urllib.parse.urlsplit(self.path)
        if where.path == "/pins":
            return self.create(json.loads(body)) if self.command == "POST" else self.list(where.query)
        with state.lock:
            status = state.pins.get(where.path.removeprefix("/pins/"))
            if status is None:
                return self.refuse(404, "NOT_FOUND")
            if self.command in ("POST", "DELETE"):
                del state.pins[status["requestid"]]
        if self.command == "GET":
            return self.answer(200, status)
        return self.answer(202) if self.command == "DELETE" else self.answer(202, state.add(json.loads(body)))

    def create(self, pin):
        state = self.service
        fault = state.next_fault()
        if fault in ("429", "500"):
            return self.refuse(int(fault), "LATER")
        if not pin.get("cid") or len(pin.get("name", "")) > 255 or len(pin.get("origins", [])) > 20:
            return self.refuse(400, "BAD_REQUEST", "cid, name or origins")
        with state.lock:
            if any(s["pin"]["cid"] == pin["cid"] and s["status"] != "failed" for s in state.pins.values()):
                return self.refuse(400, "DUPLICATE_OBJECT")
            if len(state.pins) >= state.funds:
                return self.refuse(409, "INSUFFICIENT_FUNDS", "unable to process this request due to the lack of funds")
        status = state.add(pin)
        if fault == "lost":
            return self.cut()
        if fault == "wrong":
            status = {**status, "pin": {**pin, "cid": OTHER}}
        return self.answer(202, status)

    def list(self, query):
        wanted = dict(urllib.parse.parse_qsl(query))
        states = wanted.get("status", "pinned").split(",")
        cids = wanted["cid"].split(",") if "cid" in wanted else None
        with self.service.lock:
            found = [s for s in self.service.pins.values() if s["status"] in states
                     and (cids is None or s["pin"]["cid"] in cids) and wanted.get("name", "") in ("", s["pin"].get("name"))]
        self.answer(200, {"count": len(found), "results": found[::-1][: int(wanted.get("limit", "10"))]})


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--kubo", required=True)
    parser.add_argument("--token", required=True)
    service.run(Handler, Pins(parser.parse_args()))

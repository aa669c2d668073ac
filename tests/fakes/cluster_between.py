#!/usr/bin/env python3
"""Stands between a client and the REST API of a real IPFS Cluster, and changes what it says when it is ordered to.

    cluster_between.py --cluster <URL>

Orders (service.py): `status`, what every peer makes of every pin, and `error`, what they say about it; `other_cid`:
uploads and pins are answered with the CID of other bytes; `forgets`: no pin is in its list; `faults`: for each upload
or pin one of "" (as it is), "500", "429", "few" (500, as it says that it has too few peers) and "cut" (it hangs up); `hold`: uploads of these names get no answer;
`page`: it answers everything with a page.
"""
import argparse
import json
import re
import urllib.error
import urllib.request

import service

OTHER = "bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4"

TOO_FEW = ("not enough peers to allocate CID. Needed at least: 2. Wanted at most: 2. Available candidates: 1. "
           "See logs for more info.")


class Between(service.Service):
    orders = {"status": "", "error": "", "other_cid": False, "forgets": False, "faults": [], "hold": [], "page": False}

    def __init__(self, arguments):
        super().__init__()
        self.cluster = arguments.cluster


class Handler(service.Handler):
    def serve(self):
        body, state = self.read_body(), self.service
        if state.page:
            return self.answer(200, b"<html><body>Welcome to nginx!</body></html>")
        if state.forgets and self.path.startswith("/allocations/"):
            return self.answer(404, {"code": 404, "message": "pin is not part of the pinset"})
        fault = state.next_fault() if self.command == "POST" else ""
        if fault == "cut":
            return self.cut()
        if fault == "few":
            return self.answer(500, {"code": 500, "message": TOO_FEW})
        if fault:
            return self.answer(int(fault), {"code": int(fault), "message": "failed to put block on all destinations"})
        name = re.search(rb'filename="([^"]*)"', body[:500])
        self.hold_while(lambda: name and name[1].decode() in state.hold)
        status, said = self.forward(body)
        return self.answer(status, self.changed(said) if status == 200 else said)

    def changed(self, said):
        state = self.service
        if state.other_cid and self.command == "POST":
            answer = json.loads(said)
            for one in answer if isinstance(answer, list) else [answer]:
                one["cid"] = OTHER
            return json.dumps(answer).encode()
        if state.status and self.command == "GET" and self.path.startswith("/pins/"):
            answer = json.loads(said)
            for peer in answer["peer_map"].values():
                if peer["status"] != "remote":
                    peer |= {"status": state.status, "error": state.error}
            return json.dumps(answer).encode()
        return said

    def forward(self, body):
        kind = self.headers.get("Content-Type")
        request = urllib.request.Request(self.service.cluster + self.path, body if self.command == "POST" else None,
                                         {"Content-Type": kind} if kind else {}, method=self.command)
        try:
            with urllib.request.urlopen(request) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--cluster", required=True)
    service.run(Handler, Between(parser.parse_args()))

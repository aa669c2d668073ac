#!/usr/bin/env python3
"""A stand-in for Lighthouse: upload host, API and gateway on one port, adding through a real kubo.

    lighthouse.py --kubo <RPC URL> --key <key> [--chunker size-262144] [--width 174]

Orders (service.py): `faults`, of which each upload takes one: "429" (Retry-After: 1), "500", "hang" (until the client
leaves), "cut" (the connection, in the middle of the body), "lost" (stored, but the answer never comes), "wrong" (a CID
of other bytes), "" (none); `hold`, names of uploads that hang; `limit`, the bytes of one upload (413 beyond); `quota`,
bytes in all; `used`, bytes that somebody else has used up; `tells`: whether it says how much is used; `shape` of
answers: "plain" or "data" (one level deeper, as its SDKs pass it on); `deals`, {CID: [deal]}; `gateway`: "files"
(content only, whatever is asked), "refuse" (406 for single blocks), "lie" (one wrong byte), "hang".
GET /log: what was uploaded, [{"name", "size", "path"}].
"""
import argparse
import re
import urllib.parse

import service


class Lighthouse(service.Service):
    orders = {"faults": [], "hold": [], "limit": 24 * 10**9, "quota": 10**12, "used": 0, "tells": True, "shape": "plain", "deals": {},
              "gateway": "files"}

    def __init__(self, arguments):
        super().__init__()
        self.arguments = arguments
        self.log = []

    def stored(self):
        return self.used + sum(upload["size"] for upload in self.log)


class Handler(service.Handler):
    def serve(self):
        where = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(where.query))
        method, state = self.command, self.service
        if (method, where.path) == ("GET", "/log"):
            return self.answer(200, state.log)
        if method == "GET" and where.path.startswith("/ipfs/"):
            return self.gateway(where.path.removeprefix("/ipfs/"), query)
        if (method, where.path) == ("GET", "/api/lighthouse/deal_status"):
            return self.answer(200, state.deals.get(query.get("cid"), []))
        if (method, where.path) == ("GET", "/api/lighthouse/file_info"):
            found = [u for u in state.log if u["cid"] == query.get("cid")]
            return self.answer(200, {"fileSizeInBytes": str(found[-1]["size"]), "cid": found[-1]["cid"], "encryption": False,
                                     "fileName": found[-1]["name"]}) if found else self.answer(404, {"error": "not found"})
        if not self.key_is_good():
            return None
        if (method, where.path) == ("GET", "/api/user/user_data_usage") and state.tells:
            return self.answer(200, self.shaped({"dataLimit": state.quota, "dataUsed": state.stored()}))
        if (method, where.path) == ("GET", "/api/user/files_uploaded"):
            return self.answer(200, {"fileList": [{"cid": u["cid"], "fileName": u["name"], "fileSizeInBytes": str(u["size"])}
                                                  for u in state.log], "totalFiles": len(state.log)})
        if method == "POST" and where.path in ("/api/v0/add", "/api/v0/dag/import"):
            return self.take(where.path, query)
        return self.answer(404, {"error": "not found"})

    def key_is_good(self):
        given = self.headers.get("Authorization", "")
        if given == f"Bearer {self.service.arguments.key}":
            return True
        self.close_connection = True
        self.answer(401, {"error": f"key {given} is not known"})  # an unkind service that repeats the key
        return False

    def shaped(self, result):
        return {"data": result} if self.service.shape == "data" else result

    def take(self, path, query):
        state = self.service
        size = int(self.headers["Content-Length"])
        fault = state.next_fault()
        if size > state.limit:
            self.close_connection = True
            return self.answer(413, {"error": "the file is too large"})
        if fault == "cut":
            self.rfile.read(size // 2)
            return self.cut()
        body = self.rfile.read(size)
        name, content = self.file_in(body)
        if fault == "hang" or name in state.hold:
            self.hold_while(lambda: fault == "hang" or name in state.hold)
        if fault in ("429", "500"):
            return self.answer(int(fault), {"error": "later"}, [("Retry-After", "1")] if fault == "429" else [])
        if state.stored() + len(content) > state.quota:
            return self.answer(402, {"error": "the plan's storage is used up"})
        if path.endswith("import"):
            if not name.endswith(".car"):
                return self.answer(400, {"error": "only one .car file"})
            result = service.rpc(state.arguments.kubo, "dag/import?pin-roots=true", body, self.headers["Content-Type"])[0]
            cid = result["Root"]["Cid"]["/"]
        else:
            result = self.add(name, b"other bytes" if fault == "wrong" else content, query)
            cid = result["Hash"]
        with state.lock:
            state.log.append({"name": name, "size": len(content), "path": path, "cid": cid})
        return self.cut() if fault == "lost" else self.answer(200, self.shaped(result))

    def file_in(self, body):
        boundary = b"--" + self.headers["Content-Type"].split("boundary=")[1].encode()
        head, content = body.split(b"\r\n\r\n", 1)
        assert re.search(rb'form-data; name="file";', head), head
        name = urllib.parse.unquote(head.split(b'filename="')[1].split(b'"')[0].decode())
        return name, content[: content.rindex(b"\r\n" + boundary)]

    def add(self, name, content, query):
        arguments = self.service.arguments
        options = {"cid-version": query.get("cid-version", "0"), "raw-leaves": "true" if "cid-version" in query else "false",
                   "wrap-with-directory": query.get("wrap-with-directory", "true"), "chunker": arguments.chunker,
                   "max-file-links": arguments.width}
        form = (b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\nContent-Type: application/octet-stream'
                b"\r\n\r\n" + content + b"\r\n--b--\r\n")
        lines = service.rpc(arguments.kubo, "add?" + urllib.parse.urlencode(options), form, "multipart/form-data; boundary=b")
        return {"Name": name, "Hash": lines[-1]["Hash"], "Size": str(len(content))}

    def gateway(self, cid, query):
        kind = self.service.gateway
        if kind == "hang":
            self.hold_while(lambda: self.service.gateway == "hang")
        if "format" in query and kind == "refuse":
            return self.answer(406, {"error": "files only"})
        try:
            data = service.urllib.request.urlopen(service.urllib.request.Request(
                f"{self.service.arguments.kubo}/api/v0/cat?offline=true&arg={cid}", b"")).read()
        except service.urllib.error.HTTPError:
            return self.answer(404, {"error": "not found"})
        if kind == "lie":
            data = data[:-1] + bytes([data[-1] ^ 1])
        return self.answer(200, data)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--kubo", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--chunker", default="size-262144")
    parser.add_argument("--width", default="174")
    service.run(Handler, Lighthouse(parser.parse_args()))

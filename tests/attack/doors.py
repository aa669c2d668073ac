"""Heads: hosts, origins, paths, methods, keys and content codings."""
import gzip
import zlib

from shot import Shot
from values import text

HOSTS = ["evil.com", "localhost:80@evil.com", "[::1].evil.com", "127.0.0.1:evil", "127.0.0.1:99999", "localhost.", "LOCALHOST", "[::1]", "[::1",
         "", " ", "a" * 5000, "127.0.0.1, evil.com", "127.1", "0x7f.1", "localhost%00.evil.com", "localhost\tx", "xn--lcalhost-54a", "[::ffff:1.2.3.4]",
         "localhost:-1", "user@localhost", "localhost/", "localhost?x", "127.0.0.1:80:80"]
ORIGINS = ["null", "http://evil.com", "http://localhost", "http://localhost:99999", "https://[::1].evil.com", "file://", "http://127.0.0.1@evil.com",
           "http://localhost http://evil.com", "x" * 3000, "HTTP://LOCALHOST", "http://localhost/path"]
PATHS = ["/v1/models", "/v1//models/", "/health", "/metrics", "/openapi.json", "/v1/models/x", "/v1/chat/completions", "/slots", "/props", "/completion",
         "/v1/v1/v1/embeddings", "/%76%31/models", "/../../etc/passwd", "/v1/models/%2e%2e", "/v1/images/files/x", "/v1/images/progress/x",
         "/v1/responses/resp_x", "/v1/responses/x/input_items?limit=99999999999&after=%00", "/" + "a" * 20000, "/v1/models?" + "x=1&" * 3000,
         "http://evil.com/v1/models", "*", "//evil.com/v1/models", "/v1/models#x", "/%", "/%zz", "/%ff%fe", "/v1/lora-adapters", "/infill", "/generate"]
METHODS = ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE", "CONNECT", "PROPFIND", "get", "A" * 300]


def head(rng):
    headers = []
    if rng.random() < 0.4:
        headers.append(("Origin", rng.choice(ORIGINS)))
    if rng.random() < 0.2:
        headers.append((rng.choice(["Origin", "Host", "Authorization", "x-api-key", "Sec-Fetch-Site"]), rng.choice(ORIGINS)))
    if rng.random() < 0.2:
        headers.append(("Sec-Fetch-Site", rng.choice(["cross-site", "same-site", "none", "same-origin", "x"])))
    if rng.random() < 0.2:
        headers.append(("Authorization", rng.choice(["", "Bearer", "Bearer x", "Basic eDp5", "Bearer " + "a" * 60000, "bearer attacker"])))
    if rng.random() < 0.2:
        headers.append(("Content-Type", rng.choice(["text/plain", "application/json; charset=utf-16", "multipart/form-data", "x" * 999])))
    if rng.random() < 0.2:
        headers.append((rng.choice(["Expect", "Upgrade", "Range", "TE", "Transfer-Encoding", "Content-Length", "x-request-id", "Cookie",
                                    "Access-Control-Request-Method"]),
                        rng.choice(["100-continue", "websocket", "bytes=0-", "gzip, chunked", "chunked", "-1", "0", "\x9b" * 50, "a" * 3000])))
    if rng.random() < 0.03:
        headers += [(f"x-{i}", "y") for i in range(rng.choice([100, 3000]))]
    method = rng.choice(METHODS)
    body = b"" if method in ("GET", "HEAD", "OPTIONS") else b'{"messages":[{"role":"user","content":"x"}],"max_tokens":1}'
    return Shot("heads", rng.choice(PATHS), body, method, headers, rng.choice([None, None, *HOSTS]), patience=5)


def coding(rng):
    plain = rng.choice([b'{"messages":[{"role":"user","content":"x"}],"max_tokens":1}', b'{"input":"' + b"x" * rng.choice([9, 10**6, 9 * 10**7]) + b'"}',
                        bytes(10**7), b"[" * 10**7])
    packed = rng.choice([gzip.compress, zlib.compress])(plain)
    if rng.random() < 0.3:
        packed = packed[:rng.randrange(len(packed))]
    if rng.random() < 0.1:
        packed = gzip.compress(packed)
    name = rng.choice(["gzip", "deflate", "gzip", "zstd", "br", "gzip, gzip", "identity", "x" * 200, text(rng)[:9].replace("\n", "").replace("\r", "")])
    return Shot("codings", rng.choice(["/v1/chat/completions", "/v1/embeddings"]), packed,
                headers=[("Content-Encoding", name.encode("utf-8", "replace").decode())])

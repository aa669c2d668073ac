"""What the fake engines share: the engine's command line, and an HTTP server on the Unix socket that it names."""
import http.server
import socketserver
import sys

arguments = dict(zip(sys.argv[1:], sys.argv[2:]))  # {option: the word after it}


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def get_request(self):
        request, _ = super().get_request()
        return request, ("engine", 0)  # BaseHTTPRequestHandler wants an address with a port


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def whole(self, status, body, **headers):
        """A whole answer; `content_type` names the header Content-Type."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def chunk(self, piece):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.flush()

    def log_message(self, *_):
        pass

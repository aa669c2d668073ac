"""nginx with a configuration of our own, on a free port of this machine. `setup/nginx.sh` finds it, or unpacks one."""
import os
import pathlib
import socket
import subprocess
import time

PROGRAM = pathlib.Path(__file__).parent.parent / "setup/nginx.sh"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Nginx:
    def __init__(self, folder, server, outside=""):
        """`server`: the inside of the server's block; `outside`: what stands before it."""
        program = subprocess.run([PROGRAM], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        folder.mkdir()
        user = "user root;" if os.getuid() == 0 else ""  # so that it can read what we made
        # nginx cannot choose a port itself: it gets one that was free a moment ago, and another if somebody was faster.
        for _ in range(10):
            self.port = free_port()
            (folder / "nginx.conf").write_text(
                f"daemon off; {user} worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;\n"
                "events { worker_connections 1024; }\n"
                f"http {{ access_log off; sendfile on; default_type application/octet-stream;\n"
                f"client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;\n"
                f"uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;\n"
                f"{outside}\nserver {{ listen 127.0.0.1:{self.port}; {server} }} }}\n")
            self.process = subprocess.Popen([program, "-e", folder / "error.log", "-c", folder / "nginx.conf", "-p", folder],
                                            stderr=subprocess.DEVNULL)
            while self.process.poll() is None:
                if listens(self.port):
                    self.url = f"http://127.0.0.1:{self.port}"
                    return
                time.sleep(0.02)
        raise RuntimeError("nginx does not start: " + (folder / "error.log").read_text()[-1000:])

    def stop(self):
        self.process.terminate()
        self.process.wait()

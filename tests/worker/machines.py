"""Machines simulated by files."""

import http.server
import os
import threading

V4, V5E, NVIDIA = ("0x1ae0", "0x005e"), ("0x1ae0", "0x0063"), ("0x10de", "0x2335")

NOBODY = "127.0.0.1:9"
"""An address where no server listens."""


class Metadata(http.server.ThreadingHTTPServer):
    """Google's metadata server, on this machine."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answers)
        self.endpoints = None
        self.asked = []
        self.address = f"127.0.0.1:{self.server_port}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return super().__enter__()

    def __exit__(self, *error):
        self.shutdown()
        super().__exit__(*error)


class Answers(http.server.BaseHTTPRequestHandler):
    """The server's responses."""

    def do_GET(self):
        self.server.asked.append((self.path, self.headers["Metadata-Flavor"]))
        told = self.server.endpoints
        self.send_response(404 if told is None else 200)
        self.end_headers()
        self.wfile.write((told or "").encode())

    def log_message(self, *_):
        pass


class Machine:
    """A root folder with the files a kernel shows."""

    def __init__(self, root):
        self.root = root
        self.write("proc/uptime", "10000.00 20000.00")
        self.write("proc/locks", "")

    def write(self, name, text):
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def pci(self, *cards):
        for place, (vendor, device) in enumerate(cards):
            folder = f"sys/bus/pci/devices/0000:00:{place:02}.0"
            self.write(f"{folder}/vendor", f"{vendor}\n")
            self.write(f"{folder}/device", f"{device}\n")
            self.write(f"{folder}/class", "0x030200\n" if vendor == NVIDIA[0] else "0xff0000\n")

    def tpu(self, *cards, files="accel"):
        self.pci(*cards)
        for place in range(len(cards)):
            self.write(f"dev/{files}{place}", "")

    def process(self, pid, command, *files, started=0):
        ticks = started * os.sysconf("SC_CLK_TCK")
        self.write(f"proc/{pid}/cmdline", command.replace(" ", "\0") + "\0")
        self.write(f"proc/{pid}/stat", f"{pid} (a b) c) S {' '.join(['1'] * 18)} {ticks} 0")
        (self.root / f"proc/{pid}/fd").mkdir()
        for place, file in enumerate(files):
            (self.root / f"proc/{pid}/fd/{place}").symlink_to(file)

    def lock(self, pid=None, mode=0o644):
        file = self.write("tmp/libtpu_lockfile", "")
        file.chmod(mode)
        found = file.stat()
        where = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
        if pid:
            lines = [
                f"1: POSIX  ADVISORY  WRITE 1 00:01:{found.st_ino} 0 EOF",
                "2: FLOCK  ADVISORY  WRITE x y 0 EOF",
                f"3: -> POSIX  ADVISORY  WRITE 5 {where} 0 EOF",
                f"3: POSIX  ADVISORY  WRITE {pid} {where} 0 EOF",
            ]
            self.write("proc/locks", "\n".join(lines))
        return file

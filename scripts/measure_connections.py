#!/usr/bin/env python3
"""Measures what connections cost that do nothing, or as good as nothing. Standard library only.

    scripts/measure_connections.py [--binary FILE] [--connections N]

Starts the built gateway on ports of its own and opens N connections to it from addresses of 127.0.0.0/8, since one may have
1,024. Prints for each phase the resident memory and how long a client in good standing waited at most meanwhile:

  nothing      they say nothing
  one-request  each has made one request of HTTP/1.1
  http2        each has sent its preface and SETTINGS
  slow-head    a byte a second, of a head
  slow-body    ten bytes a second, of a body of 100 kB

Exits 1 when memory was over `--limit` while they were idle, when slow ones were still there after `--patience` seconds, or
when the client in good standing was refused.
"""

import argparse
import os
import resource
import selectors
import shutil
import socket
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
from measure_memory import Client, Gateway, StandIn, Template  # noqa: E402

PER_ADDRESS = 1_000
GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
HEAD = b"POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\n"


class GoodClient(threading.Thread):
    """Sends a request every tenth of a second, on one connection."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.client, self.template, self.slowest, self.refused, self.done = Client(port), Template(1_100), 0.0, 0, False
        self.start()

    def run(self):
        while not self.done:
            start = time.time()
            self.refused += self.client.post(self.template.fresh())[0] != 200
            self.slowest = max(self.slowest, time.time() - start)
            time.sleep(0.1)

    def stop(self):
        self.done = True
        self.join()


class Crowd:
    def __init__(self, port, count, greeting):
        self.selector, self.open, self.answers = selectors.DefaultSelector(), set(), {}
        for number in range(count):
            one = socket.socket()
            one.bind((f"127.0.0.{2 + number // PER_ADDRESS}", 0))
            one.connect(("127.0.0.1", port))
            if greeting:
                one.sendall(greeting)
            one.setblocking(False)
            self.selector.register(one, selectors.EVENT_READ)
            self.open.add(one)

    def read(self, seconds):
        """Reads what comes, and forgets those that were closed."""
        end = time.time() + seconds
        while (left := end - time.time()) > 0:
            for key, _ in self.selector.select(min(left, 0.2)):
                try:
                    data = key.fileobj.recv(4_096)
                except OSError:
                    data = b""
                if data:
                    line = data.split(b"\r\n")[0].decode(errors="replace")
                    self.answers[line] = self.answers.get(line, 0) + 1
                else:
                    self.drop(key.fileobj)

    def send(self, data):
        for one in list(self.open):
            try:
                one.send(data)
            except OSError:
                self.drop(one)

    def drop(self, one):
        self.selector.unregister(one)
        self.open.discard(one)
        one.close()

    def close(self):
        for one in list(self.open):
            self.drop(one)


class Measurement:
    def __init__(self, options, folder):
        self.options, self.folder, self.stand_in, self.well = options, folder, StandIn(), True

    def begin(self, phase):
        """A gateway of its own, so that no phase is charged for what another left."""
        os.mkdir(f"{self.folder}/{phase}")
        self.gateway = Gateway(self.options, self.stand_in, f"{self.folder}/{phase}")
        self.good = GoodClient(self.gateway.port)

    def tell(self, phase, words):
        self.good.stop()
        self.well = self.well and self.good.refused == 0
        print(
            f"{phase:11} {self.gateway.memory('VmRSS'):4.0f} MiB, peak {self.gateway.memory('VmHWM'):4.0f}; {words}; "
            f"a good client waited {self.good.slowest * 1000:.0f} ms at most, {self.good.refused} times in vain", flush=True)

    def idle(self, phase, greeting):
        self.begin(phase)
        crowd = Crowd(self.gateway.port, self.options.connections, greeting)
        crowd.read(3)
        self.tell(phase, f"{len(crowd.open)} connections open")
        enough = len(crowd.open) == self.options.connections
        self.well = self.well and enough and self.gateway.memory("VmHWM") <= self.options.limit
        crowd.close()
        self.gateway.stop()

    def slow(self, phase, greeting, crumb):
        self.begin(phase)
        crowd = Crowd(self.gateway.port, self.options.connections // 5, greeting)
        start = time.time()
        while crowd.open and time.time() - start < self.options.patience:
            crowd.send(crumb)
            crowd.read(1)
        told = ", ".join(f"{count} x {line}" for line, count in crowd.answers.items())
        self.tell(phase, f"{len(crowd.open)} left after {time.time() - start:.0f} s, told {told or 'nothing'}")
        self.well = self.well and not crowd.open
        crowd.close()
        self.gateway.stop()

    def run(self):
        for phase, greeting in (("nothing", b""), ("one-request", REQUEST), ("http2", GREETING)):
            self.idle(phase, greeting)
        self.slow("slow-head", HEAD, b"x")
        self.slow("slow-body", HEAD + b"Content-Length: 100000\r\n\r\n", b"x" * 10)
        return self.well


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/hoglet")
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--limit", type=float, default=150, metavar="MIB")
    parser.add_argument("--patience", type=float, default=15, metavar="SECONDS")
    parser.add_argument("--spool", type=int, default=1 << 30, metavar="BYTES", help="spool.max_bytes")
    options = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    folder = tempfile.mkdtemp(prefix="hoglet-connections-")
    try:
        return 0 if Measurement(options, folder).run() else 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Measures the gateway's memory under overload and while a backlog drains. Standard library only.

    scripts/measure_memory.py [--binary FILE] [--connections N] [--overload SECONDS] [--backlog BYTES] [--folder DIR]

Starts the built gateway on ports of its own with a stand-in for PostHog, both on loopback, and prints for each phase the
most resident memory (VmHWM), what was accepted and refused, and how long recovery took:

  idle      nothing sent yet
  overload  every connection sends as fast as it is answered and takes no notice of a refusal, while the stand-in takes
            `--delay` seconds for every answer; the spool may fill
  recovery  after the load: until a request is accepted again, until the stand-in gets events again, until all of it went
  backlog   the stand-in answers 503 until `--backlog` bytes are stored, then takes everything

A request is 100 spans of 1.6 kB in ten traces, fresh ids each. With `--long` a span is 9.5 kB. Exits 1 when the memory
was over `--limit` or when spans were accepted that did not arrive.
"""

import argparse
import multiprocessing
import os
import shutil
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

SPANS = 100
TRACES = 10
PATH = "/v1/traces"


# MARK: Requests


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def attribute(key, value):
    return field(9, field(1, key) + field(2, field(1, value)))


class Template:
    """An encoded request with the places of its ids, so that a fresh one is a matter of patching."""

    def __init__(self, content_bytes):
        text = (b"The quick brown fox jumps over the lazy dog. " * (content_bytes // 45 + 1))[:content_bytes]
        now = time.time_ns().to_bytes(8, "little")
        spans = b""
        for number in range(SPANS):
            root = number % (SPANS // TRACES) == 0
            span = field(1, b"T%015d" % (number // (SPANS // TRACES))) + field(2, b"S%07d" % number)
            if not root:
                span += field(4, b"P%07d" % (number - number % (SPANS // TRACES)))
            span += field(5, b"chat gpt-4o") + b"\x39" + now + b"\x41" + now
            span += attribute(b"gen_ai.operation.name", b"chat") + attribute(b"gen_ai.request.model", b"gpt-4o")
            span += attribute(b"gen_ai.input.messages", b'[{"role":"user","parts":[{"type":"text","content":"' + text + b'"}]}]')
            spans += field(2, span)
        service = field(1, field(1, b"service.name") + field(2, field(1, b"load")))
        self.body = field(1, field(1, service) + field(2, field(1, field(1, b"load")) + spans))
        self.places = []
        for number in range(SPANS):
            first = number - number % (SPANS // TRACES)
            self.places.append((self.body.index(b"S%07d" % number), number))
            if number != first:
                start = self.places[-1][0]
                self.places.append((self.body.index(b"P%07d" % first, start), first))
        trace = 0
        self.traces = []
        while (trace := self.body.find(b"T0000000000", trace)) >= 0:
            self.traces.append((trace, int(self.body[trace + 1 : trace + 16])))
            trace += 16

    def fresh(self):
        body = bytearray(self.body)
        ids = os.urandom(16 * TRACES + 8 * SPANS)
        for place, number in self.traces:
            body[place : place + 16] = ids[16 * number : 16 * number + 16]
        for place, number in self.places:
            start = 16 * TRACES + 8 * number
            body[place : place + 8] = ids[start : start + 8]
        return body


class Client:
    def __init__(self, port):
        self.port = port
        self.file = self.socket = None

    def post(self, body):
        """The status and whether a refusal said when to come again; status 0 without an answer."""
        try:
            if self.socket is None:
                self.socket = socket.create_connection(("127.0.0.1", self.port), 30)
                self.file = self.socket.makefile("rb")
            head = f"POST {PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\nContent-Length: {len(body)}\r\n\r\n"
            self.socket.sendall(head.encode() + body)
            status = int(self.file.readline().split()[1])
            length, again, closes = 0, False, False
            while (line := self.file.readline().strip().lower()):
                name, _, value = line.partition(b":")
                length = int(value) if name == b"content-length" else length
                again = again or name == b"retry-after"
                closes = closes or (name == b"connection" and value.strip() == b"close")
            self.file.read(length)
            if closes:
                self.close()
            return status, again
        except (OSError, ValueError, IndexError):
            self.close()
            return 0, False

    def close(self):
        if self.socket is not None:
            self.socket.close()
        self.file = self.socket = None


def work(port, content_bytes, connections, stop, counts):
    """A process of load: `counts` are accepted, refused with a time to come again, refused without, unanswered."""
    template = Template(content_bytes)

    def one():
        client = Client(port)
        while not stop.is_set():
            status, again = client.post(template.fresh())
            place = 0 if status == 200 else 3 if status == 0 else 1 if status in (429, 503) and again else 2
            with counts.get_lock():
                counts[place] += 1

    threads = [threading.Thread(target=one, daemon=True) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Load:
    PROCESSES = 2

    def __init__(self, port, content_bytes, connections):
        self.stop_event, self.counts = multiprocessing.Event(), multiprocessing.Array("q", 4)
        self.since = time.time()
        each = max(1, connections // self.PROCESSES)
        self.processes = [
            multiprocessing.Process(target=work, args=(port, content_bytes, each, self.stop_event, self.counts), daemon=True)
            for _ in range(self.PROCESSES)]
        for process in self.processes:
            process.start()

    def stop(self):
        self.stop_event.set()
        for process in self.processes:
            process.join()
        self.seconds = time.time() - self.since
        return list(self.counts)


# MARK: The stand-in


class StandIn(socketserver.ThreadingTCPServer):
    """Takes batches and counts their events; answers late or refuses when told."""

    daemon_threads = allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Exchange)
        self.delay, self.refuses, self.events, self.last, self.lock = 0, False, 0, 0, threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Exchange(socketserver.StreamRequestHandler):
    def handle(self):
        while (line := self.rfile.readline()):
            length = 0
            while (line := self.rfile.readline().strip().lower()):
                if line.startswith(b"content-length:"):
                    length = int(line[15:])
            body = self.rfile.read(length)
            time.sleep(self.server.delay)
            if self.server.refuses:
                self.answer(b"503 Service Unavailable")
                continue
            with self.server.lock:
                self.server.events += body.count(b'"event":"$ai_')
                self.server.last = time.time()
            self.answer(b"200 OK")

    def answer(self, status):
        self.wfile.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\n{}")


# MARK: The gateway


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Gateway:
    def __init__(self, options, stand_in, folder):
        self.port, self.admin = free_port(), free_port()
        environment = dict(
            os.environ, HOGLET_SERVER_LISTEN=f"127.0.0.1:{self.port}", HOGLET_ADMIN_LISTEN=f"127.0.0.1:{self.admin}",
            HOGLET_POSTHOG_HOST="http://127.0.0.1:%d" % stand_in.server_address[1], HOGLET_POSTHOG_API_KEY="phc_load",
            HOGLET_POSTHOG_COMPRESSION="none", HOGLET_SPOOL_PATH=f"{folder}/spool",
            HOGLET_SPOOL_MAX_BYTES=str(options.spool))
        os.mkdir(f"{folder}/spool")
        self.log = open(f"{folder}/gateway.log", "wb")
        self.process = subprocess.Popen([options.binary, "serve"], env=environment, stdout=self.log, stderr=self.log)
        self.wait(lambda: self.metric("hoglet_spool_requests") is not None, 30)

    def wait(self, condition, seconds):
        """Seconds until it holds; None if it does not in time or the gateway ended."""
        start = time.time()
        while time.time() - start < seconds and self.process.poll() is None:
            if condition():
                return time.time() - start
            time.sleep(0.05)
        return None

    def metric(self, name):
        try:
            text = urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics", timeout=10).read().decode()
        except OSError:
            return None
        values = [float(line.split()[-1]) for line in text.splitlines() if line.startswith((name + " ", name + "{"))]
        return sum(values) if values else None

    def memory(self, key):
        """Megabytes (2^20) of VmRSS or VmHWM."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith(key)) / 1024

    def begin_phase(self):
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as file:
            file.write("5")

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def text(seconds):
    return "not in time" if seconds is None else f"{seconds:.1f} s"


class Measurement:
    def __init__(self, options, folder):
        self.options, self.stand_in = options, StandIn()
        self.gateway = Gateway(options, self.stand_in, folder)
        self.content_bytes = 9_000 if options.long else 1_100
        self.accepted, self.most, self.well = 0, 0, True

    def tell(self, phase, words):
        peak = self.gateway.memory("VmHWM")
        self.most = max(self.most, peak)
        print(f"{phase:9} peak {peak:.0f} MiB, now {self.gateway.memory('VmRSS'):.0f} MiB; {words}", flush=True)
        self.gateway.begin_phase()

    def counted(self, load):
        accepted, refused, bare, unanswered = load.stop()
        self.accepted += accepted * SPANS
        self.well = self.well and bare == 0
        return (
            f"{(accepted + refused) * SPANS / load.seconds:,.0f} spans/s offered, {accepted * SPANS / load.seconds:,.0f} accepted; "
            f"requests: {accepted} accepted, {refused} refused with Retry-After, {bare} otherwise, {unanswered} unanswered")

    def overload(self):
        self.stand_in.delay = self.options.delay
        before = self.stand_in.events
        load = Load(self.gateway.port, self.content_bytes, self.options.connections)
        time.sleep(self.options.overload)
        words = self.counted(load)
        rate = (self.stand_in.events - before) / load.seconds
        self.tell("overload", f"{words}; {rate:,.0f} events/s delivered")
        self.recovery()

    def recovery(self):
        """From the end of the load, with a stand-in that is well."""
        self.stand_in.delay = 0
        stopped, before, client = time.time(), self.stand_in.events, Client(self.gateway.port)
        template = Template(self.content_bytes)

        def accepted():
            if client.post(template.fresh())[0] != 200:
                return False
            self.accepted += SPANS
            return True

        again = self.gateway.wait(accepted, 120)
        delivered = self.gateway.wait(lambda: self.stand_in.events > before, 120)
        delivered = None if delivered is None else time.time() - stopped
        self.drained("recovery", f"accepting again after {text(again)}, delivering after {text(delivered)}")
        self.well = self.well and again is not None and delivered is not None

    def drained(self, phase, words):
        stored, before = self.gateway.metric("hoglet_spool_bytes") or 0, self.stand_in.events
        took = self.gateway.wait(lambda: self.gateway.metric("hoglet_spool_requests") == 0, self.options.drain)
        if took is None:
            self.well = False
            return self.tell(phase, f"{words}; not drained in time")
        rate = (self.stand_in.events - before) / max(took, 0.1)
        self.tell(phase, f"{words}; {stored / 2**30:.2f} GiB drained in {took:.1f} s, {rate:,.0f} events/s")

    def backlog(self):
        self.stand_in.refuses = True
        load = Load(self.gateway.port, self.content_bytes, self.options.connections)
        self.gateway.wait(lambda: (self.gateway.metric("hoglet_spool_bytes") or 0) >= self.options.backlog, 1_800)
        words = self.counted(load)
        self.tell("filling", words)
        before, start = self.stand_in.events, time.time()
        self.stand_in.refuses = False
        delivered = self.gateway.wait(lambda: self.stand_in.events > before, 120)
        self.drained("backlog", f"delivering after {text(delivered)}")

    def run(self):
        time.sleep(2)
        self.tell("idle", "nothing sent")
        if self.options.overload:
            self.overload()
        if self.options.backlog:
            self.backlog()
        self.gateway.stop()
        missing = self.accepted - self.stand_in.events
        print(f"spans accepted {self.accepted}, events delivered {self.stand_in.events}; most memory {self.most:.0f} MiB")
        return self.well and missing <= 0 and self.most <= self.options.limit


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/hoglet")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--overload", type=float, default=120, metavar="SECONDS")
    parser.add_argument("--delay", type=float, default=1.0, metavar="SECONDS", help="of the stand-in's answers")
    parser.add_argument("--backlog", type=int, default=5 << 30, metavar="BYTES")
    parser.add_argument("--drain", type=float, default=1_800, metavar="SECONDS", help="that draining may take")
    parser.add_argument("--spool", type=int, default=12 << 30, metavar="BYTES", help="spool.max_bytes; half of it is for one key")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--limit", type=float, default=256, metavar="MIB")
    parser.add_argument("--folder", help="where the spool goes; deleted afterwards")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="hoglet-memory-", dir=options.folder)
    try:
        return 0 if Measurement(options, folder).run() else 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())

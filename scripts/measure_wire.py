#!/usr/bin/env python3
"""Measures what each way of sending costs the gateway. Standard library, h2load, zstd and openssl.

    scripts/measure_wire.py [--binary FILE] [--rounds N] [--requests N]

Starts two built gateways before a stand-in that takes everything, one with TLS, and sends each the same spans by every way in turn, several rounds.
Prints CPU time of the gateway for each span, from the first byte to the event that is sent: the least of all rounds, since what
others do on the machine only adds; and as the targets have it, the median over rounds of the ratio to, or the difference
from, the way it is compared with. `short` are 100 spans of 1.6 kB a request, `long` 100 of 9.5 kB, of random words.
"""

import argparse
import glob
import gzip
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from measure_memory import Gateway, StandIn, attribute, field  # noqa: E402

SPANS, TRACES = 100, 10
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def words(count, seed):
    """Text that packs about as well as people's does."""
    chance = random.Random(seed)
    known = ["".join(chance.choices("etaoinshrdlucmfwypvbgkjqxz", range(26, 0, -1), k=chance.randint(2, 9))) for _ in range(3_000)]
    text = ""
    while len(text) < count:
        text += known[min(int(chance.paretovariate(0.7)), len(known)) - 1] + " "
    return text[:count]


def spans(content_bytes):
    now = time.time_ns()
    for number in range(SPANS):
        first = number - number % (SPANS // TRACES)
        content = json.dumps([{"role": "user", "parts": [{"type": "text", "content": words(content_bytes, number)}]}])
        yield {
            "traceId": b"T%015d" % (number // (SPANS // TRACES)), "spanId": b"S%07d" % number,
            "parentSpanId": b"" if number == first else b"S%07d" % first, "time": now + number,
            "attributes": {
                "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "gen_ai.input.messages": content}}


def protobuf(all_spans):
    out = b""
    for span in all_spans:
        time_ = span["time"].to_bytes(8, "little")
        one = field(1, span["traceId"]) + field(2, span["spanId"])
        one += field(4, span["parentSpanId"]) if span["parentSpanId"] else b""
        one += field(5, b"chat gpt-4o") + b"\x39" + time_ + b"\x41" + time_
        out += field(2, one + b"".join(attribute(k.encode(), v.encode()) for k, v in span["attributes"].items()))
    service = field(1, field(1, b"service.name") + field(2, field(1, b"load")))
    return field(1, field(1, service) + field(2, field(1, field(1, b"load")) + out))


def otlp_json(all_spans):
    value = lambda items: [{"key": k, "value": {"stringValue": v}} for k, v in items]
    written = [
        {
            "traceId": span["traceId"].hex(), "spanId": span["spanId"].hex(), "parentSpanId": span["parentSpanId"].hex(),
            "name": "chat gpt-4o", "startTimeUnixNano": str(span["time"]), "endTimeUnixNano": str(span["time"]),
            "attributes": value(span["attributes"].items())} for span in all_spans]
    scope = {"scope": {"name": "load"}, "spans": written}
    resource = {"resource": {"attributes": value([("service.name", "load")])}, "scopeSpans": [scope]}
    return json.dumps({"resourceSpans": [resource]}, separators=(",", ":")).encode()


class Way:
    def __init__(self, name, folder, body, flags, path="/v1/traces", kind="application/x-protobuf", tls=False):
        self.name, self.flags, self.path, self.tls, self.bytes = name, flags + ["-H", f"content-type: {kind}"], path, tls, len(body)
        self.file = f"{folder}/{name.replace(' ', '-').replace('/', '-')}"
        with open(self.file, "wb") as file:
            file.write(body)


def ways(folder, content_bytes):
    all_spans = list(spans(content_bytes))
    plain, text = protobuf(all_spans), otlp_json(all_spans)
    framed = b"\0" + len(plain).to_bytes(4, "big") + plain
    zstd = subprocess.run(["zstd", "-q", "-c", "-3"], input=plain, stdout=subprocess.PIPE, check=True).stdout
    packed = lambda encoding: ["--h1", "-H", f"content-encoding: {encoding}"]
    for tls in (False, True):
        suffix = " TLS" if tls else ""
        yield Way("HTTP/1.1" + suffix, folder, plain, ["--h1"], tls=tls)
        yield Way("HTTP/2" + suffix, folder, plain, [], tls=tls)
        yield Way("gRPC" + suffix, folder, framed, ["-H", "te: trailers"], EXPORT, "application/grpc", tls)
    yield Way("zstd", folder, zstd, packed("zstd"))
    yield Way("gzip", folder, gzip.compress(plain, 6), packed("gzip"))
    yield Way("JSON", folder, text, ["--h1"], kind="application/json")


class Measured:
    """A gateway and the processor time it has used."""

    def __init__(self, options, folder, environment):
        os.mkdir(folder)
        os.environ.update(environment)
        self.gateway = Gateway(options, options.stand_in, folder)
        for name in environment:
            del os.environ[name]

    def cpu(self):
        total = 0
        for path in glob.glob(f"/proc/{self.gateway.process.pid}/task/*/schedstat"):
            with open(path) as file:
                total += int(file.read().split()[0])
        return total / 1000

    def run(self, way, requests):
        """Microseconds a span."""
        before = self.cpu()
        scheme = "https" if way.tls else "http"
        answer = subprocess.run(
            ["h2load", "-n", str(requests), "-c", "4", "-m", "4", "-t", "1", "-d", way.file, *way.flags,
             f"{scheme}://127.0.0.1:{self.gateway.port}{way.path}"], stdout=subprocess.PIPE, check=True).stdout.decode()
        if f"{requests} 2xx" not in answer:
            raise SystemExit(f"{way.name}: {answer}")
        self.gateway.wait(lambda: self.gateway.metric("hoglet_spool_requests") == 0, 120)
        time.sleep(0.5)
        return (self.cpu() - before) / (requests * SPANS)


COMPARED = [
    ("HTTP/2", "HTTP/1.1"), ("gRPC", "HTTP/1.1"), ("HTTP/1.1 TLS", "HTTP/1.1"), ("HTTP/2 TLS", "HTTP/2"), ("gRPC TLS", "gRPC"),
    ("zstd", "HTTP/1.1"), ("gzip", "HTTP/1.1"), ("JSON", "HTTP/1.1")]


def measure(options, folder, kind, content_bytes, gateways):
    all_ways = list(ways(folder, content_bytes))
    requests = max(1, options.requests // (1 if kind == "short" else 5))
    found = {way.name: [] for way in all_ways}
    for round_ in range(-1, options.rounds):
        for way in all_ways:
            cost = gateways[way.tls].run(way, requests if round_ >= 0 else requests // 10 + 1)
            if round_ >= 0:
                found[way.name].append(cost)
    print(f"\n{kind}: {all_ways[0].bytes // SPANS} bytes a span, {options.rounds} rounds of {requests} requests")
    for way in all_ways:
        print(f"  {way.name:13} {min(found[way.name]):6.2f} us a span ({way.bytes // SPANS} bytes)")
    for name, base in COMPARED:
        pairs = list(zip(found[name], found[base]))
        ratio = statistics.median(one / other for one, other in pairs)
        more = statistics.median(one - other for one, other in pairs)
        print(f"  {name:13} to {base:9} {ratio:5.2f} x, {more:+6.2f} us a span", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/hoglet")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=1_000, help="of `short` for each way and round; a fifth of `long`")
    parser.add_argument("--spool", type=int, default=12 << 30, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.stand_in = StandIn()
    folder = tempfile.mkdtemp(prefix="hoglet-wire-")
    try:
        certificate, key = f"{folder}/tls.pem", f"{folder}/tls.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
             "/CN=localhost", "-keyout", key, "-out", certificate], check=True, stderr=subprocess.DEVNULL)
        gateways = {
            False: Measured(options, f"{folder}/plain", {}),
            True: Measured(options, f"{folder}/tls", {"HOGLET_TLS_CERTIFICATE": certificate, "HOGLET_TLS_KEY": key})}
        for kind, content_bytes in (("short", 1_370), ("long", 9_270)):
            measure(options, folder, kind, content_bytes, gateways)
        for one in gateways.values():
            one.gateway.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())

"""Sends a gateway what means harm, over the wire: bombs, depths, lengths, odd text, odd ids, odd clocks.

    hostile.py HTTP_HOST:PORT GRPC_HOST:PORT PID

Prints one JSON object: for each case the status, the message, and by how many MiB the gateway's peak memory rose.
"""

import concurrent.futures
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zlib

import grpc

KEY = "phc_hostile"
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


# MARK: Bodies


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out + bytes([number]))


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def attribute(key, value):
    return field(1, key) + field(2, value)


def text(value):
    return field(1, value)


def span(trace, number, start=None, extra=b"", name=b"chat"):
    start = time.time_ns() if start is None else start
    return (
        field(1, trace) + field(2, struct.pack(">Q", number)) + field(5, name)
        + b"\x39" + struct.pack("<Q", start) + b"\x41" + struct.pack("<Q", start)
        + field(9, attribute(b"gen_ai.operation.name", text(b"chat"))) + extra)


def request(spans, resource=b"", scope=b"", schema=b""):
    scope_spans = field(1, scope) + b"".join(field(2, one) for one in spans) + field(3, schema)
    return field(1, field(1, resource) + field(2, scope_spans) + field(3, schema))


def trace(name):
    return name.encode().ljust(16, b".")


def zstd_bomb(size):
    """Zeros as runs of 128 KiB, each four bytes: what of the format is densest."""
    block = 128 << 10
    blocks = size // block
    header = lambda last: struct.pack("<I", block << 3 | 1 << 1 | last)[:3] + b"\0"
    # A window of 8 MiB, no size, no checksum.
    return b"\x28\xb5\x2f\xfd\x00" + bytes([13 << 3]) + header(0) * (blocks - 1) + header(1)


def gzip_bomb(size):
    """Zeros, a MiB in a kilobyte, again and again: no more than 1,032 to one is in the format."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    mebibyte = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + mebibyte * (size >> 20)


def deep(levels):
    """An attribute of lists in lists. From the inside, or making it would take as long as a bomb."""
    lengths, size = [], 2
    for _ in range(levels):
        inner = 1 + len(varint(size)) + size
        lengths.append((inner, size))
        size = 1 + len(varint(inner)) + inner
    value = b"".join(b"\x2a" + varint(inner) + b"\x0a" + varint(size) for inner, size in reversed(lengths)) + b"\x18\x01"
    return request([span(trace("deep"), 1, extra=field(9, attribute(b"deep", value)))])


def deep_json(levels):
    value = '{"arrayValue":{"values":[' * levels + '{"boolValue":true}' + "]}}" * levels
    one = '{"traceId":"%s","spanId":"%016x","name":"a","attributes":[{"key":"deep","value":%s}]}'
    spans = one % (trace("deep").hex(), 1, value)
    return ('{"resourceSpans":[{"scopeSpans":[{"spans":[%s]}]}]}' % spans).encode()


def odd_text():
    """Bytes that are no UTF-8, in every place that has a string."""
    odd = b"\xff\xfeodd\xc0\x80\xed\xa0\x80\xf5"
    pair = attribute(odd, text(odd))
    nested = attribute(b"list", field(5, field(1, text(odd))))
    mapped = attribute(b"map", field(6, field(1, pair)))
    event = b"\x09" + bytes(8) + field(2, odd) + field(3, pair)
    link = field(1, trace("link")) + field(2, bytes(7) + b"\1") + field(3, odd) + field(4, pair)
    status = field(2, odd) + b"\x18\x02"
    more = field(3, odd) + b"".join(field(9, one) for one in (pair, nested, mapped)) + field(11, event) + field(13, link)
    more += field(15, status)
    for key in (b"gen_ai.request.model", b"gen_ai.input.messages", b"user.id", b"gen_ai.provider.name"):
        more += field(9, attribute(key, text(odd)))
    scope = field(1, odd) + field(2, odd) + field(3, pair)
    return request([span(trace("odd-text"), 1, extra=more, name=odd)], resource=field(1, pair), scope=scope, schema=odd)


SECOND = 10**9
CLOCKS = {"zero": 0, "1970": SECOND, "2100": 4_102_444_800 * SECOND, "last": 2**64 - 1}


# MARK: Ways to send


class Wire:
    def __init__(self, http, target, pid):
        self.address = tuple(http.rsplit(":", 1))
        self.channel = grpc.insecure_channel(
            target, options=[("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)])
        self.pid = pid
        self.cases = {}

    def peak(self):
        with open(f"/proc/{self.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024

    def note(self, name, send):
        with open(f"/proc/{self.pid}/clear_refs", "w") as file:
            file.write("5")
        before, start = self.peak(), time.time()
        status, message = send()
        self.cases[name] = {
            "status": status, "message": message, "MiB": round(self.peak() - before),
            "seconds": round(time.time() - start, 1)}

    def raw(self, data):
        """What a connection answers to `data`, whole."""
        with socket.create_connection(self.address, 20) as connection:
            try:
                connection.sendall(data)
            except OSError:
                # It was answered before all was sent.
                pass
            connection.settimeout(20)
            answer = b""
            while b"\r\n\r\n" not in answer:
                part = connection.recv(65536)
                if not part:
                    return 0, "closed without an answer"
                answer += part
            head, _, body = answer.partition(b"\r\n\r\n")
            return int(head.split()[1]), body.decode(errors="replace")

    def post(self, body, encoding=None, kind="application/x-protobuf"):
        head = f"POST /v1/traces HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {KEY}\r\ncontent-type: {kind}\r\n"
        if encoding:
            head += f"content-encoding: {encoding}\r\n"
        return self.raw(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)

    def call(self, body):
        try:
            self.channel.unary_unary(EXPORT)(body, timeout=20, metadata=(("authorization", f"Bearer {KEY}"),))
            return "OK", ""
        except grpc.RpcError as error:
            return error.code().name, error.details()

    def curl(self, message, encoding=None, length=None):
        """A call with a message as no library makes one."""
        with tempfile.NamedTemporaryFile() as file:
            size = len(message) if length is None else length
            file.write(bytes([1 if encoding else 0]) + struct.pack(">I", size) + message)
            file.flush()
            command = ["curl", "-sS", "--max-time", "20", "--http2-prior-knowledge", "--data-binary", f"@{file.name}"]
            command += ["-D", "-", "-o", "/dev/null", "-H", "content-type: application/grpc", "-H", "te: trailers"]
            command += ["-H", f"authorization: Bearer {KEY}", "http://%s:%s%s" % (*self.address, EXPORT)]
            if encoding:
                command += ["-H", f"grpc-encoding: {encoding}"]
            lines = subprocess.run(command, stdout=subprocess.PIPE, check=False).stdout.decode().lower().splitlines()
        found = dict(line.split(": ", 1) for line in lines if ": " in line)
        return found.get("grpc-status", "none"), found.get("grpc-message", "")


def crowd(wire, bomb, count):
    """Many bombs at once: each is refused, for its size or for want of room."""
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        answers = list(pool.map(lambda _: wire.post(bomb, "zstd")[0], range(count)))
    return 0 if set(answers) - {413, 503} else 413, str(sorted(set(answers)))


def main():
    http, target, pid = sys.argv[1:]
    wire = Wire(http, target, pid)
    ten = 10 << 30
    bombs = {"gzip": gzip_bomb(ten), "zstd": zstd_bomb(ten)}
    for encoding, bomb in bombs.items():
        wire.note(f"{encoding} bomb", lambda: wire.post(bomb, encoding))
        wire.note(f"{encoding} bomb, gRPC", lambda: wire.curl(bomb, encoding))
    wire.note("sixteen bombs", lambda: crowd(wire, bombs["zstd"], 16))
    for levels in (30, 100_000):
        wire.note(f"protobuf {levels} deep", lambda: wire.post(deep(levels)))
        wire.note(f"protobuf {levels} deep, gRPC", lambda: wire.call(deep(levels)))
        wire.note(f"JSON {levels} deep", lambda: wire.post(deep_json(levels), kind="application/json"))
    wire.note("field of 2^63 bytes", lambda: wire.post(b"\x0a" + varint(1 << 63) + b"abc"))
    wire.note("field of 2^64-1 bytes", lambda: wire.post(b"\x0a" + varint((1 << 64) - 1) + b"abc"))
    wire.note("field of 2^63 bytes, gRPC", lambda: wire.call(b"\x0a" + varint(1 << 63) + b"abc"))
    wire.note("message of 4 GiB, gRPC", lambda: wire.curl(b"\x0a\x00", length=0xFFFF_FFFF))
    head = f"POST /v1/traces HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {KEY}\r\ncontent-type: application/x-protobuf\r\n"
    wire.note("content-length of 10^30", lambda: wire.raw(f"{head}content-length: 1{'0' * 30}\r\n\r\n".encode()))
    wire.note("content-length of 10^18", lambda: wire.raw(f"{head}content-length: 1{'0' * 18}\r\n\r\n".encode()))
    for size in ("ffffffffffffffff", "f" * 40, "7fffffffffffffff"):
        data = f"{head}transfer-encoding: chunked\r\n\r\n{size}\r\n".encode() + bytes(66 << 20)
        wire.note(f"chunk of {size}", lambda: wire.raw(data))
    wire.note("odd text", lambda: wire.post(odd_text()))
    json_text = deep_json(1).replace(b'"name":"a"', b'"name":"\xff\xfe"')
    wire.note("odd text, JSON", lambda: wire.post(json_text, kind="application/json"))
    odd_key = head.replace(KEY, "X").encode().replace(b"X", b"\xff\xfe") + b"content-length: 0\r\n\r\n"
    wire.note("odd key", lambda: wire.raw(odd_key))
    same = span(trace("same"), 7, start=SECOND)
    wire.note("the same span twice", lambda: wire.post(request([same, same])))
    wire.note("the same span again", lambda: wire.post(request([same])))
    two = [span(trace("same-id"), 7, start=SECOND), span(trace("same-id"), 7, start=2 * SECOND)]
    wire.note("one id, two spans", lambda: wire.post(request(two)))
    own = span(trace("own-parent"), 7, extra=field(4, struct.pack(">Q", 7)))
    circle = [span(trace("circle"), n, extra=field(4, struct.pack(">Q", 3 - n))) for n in (1, 2)]
    wire.note("its own parent", lambda: wire.post(request([own])))
    wire.note("each the other's parent", lambda: wire.post(request(circle)))
    for name, clock in CLOCKS.items():
        wire.note(f"clock {name}", lambda: wire.post(request([span(trace(f"clock-{name}"), 1, start=clock)])))
    wire.note("alive", lambda: wire.post(request([span(trace("alive"), 1)])))
    wire.note("alive, gRPC", lambda: wire.call(request([span(trace("alive"), 2)])))
    print(json.dumps(wire.cases))


main()

#!/usr/bin/env python3
"""Holds a gateway's HTTP/2 against RFC 9113 and 7541, with frames by hyperframe and header blocks by hpack, which share no
code with libnghttp2: pip install hyperframe hpack.

    scripts/conform_http2.py HOST:PORT

For each case: the section, what is sent, and what the section wants: the request answered, the stream reset, or the
connection ended (GOAWAY or closed; a client cannot count on more). Exits 1 if one is not as it should be.
"""

import socket
import struct
import sys

from hpack import Decoder, Encoder
from hyperframe.frame import (
    ContinuationFrame, DataFrame, Frame, GoAwayFrame, HeadersFrame, PingFrame, PriorityFrame, PushPromiseFrame,
    RstStreamFrame, SettingsFrame, WindowUpdateFrame)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEAD = [(":method", "POST"), (":scheme", "http"), (":path", "/v1/traces"), (":authority", "a"),
        ("content-type", "application/x-protobuf"), ("authorization", "Bearer phc_conform")]
NO_ERROR, PROTOCOL, FLOW, CLOSED, SIZE, REFUSED, COMPRESSION = 0, 1, 3, 5, 6, 7, 9


def raw(kind, flags, stream, body=b"", length=None):
    size = len(body) if length is None else length
    return struct.pack(">I", size)[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + body


def make(cls, stream, flags=(), **fields):
    frame = cls(stream)
    for name, value in fields.items():
        setattr(frame, name, value)
    frame.flags = set(flags)
    return frame.serialize()


def block(headers):
    return Encoder().encode(headers)


def head(stream, headers=HEAD, flags=("END_HEADERS", "END_STREAM")):
    return make(HeadersFrame, stream, flags, data=block(headers))


def data(stream, body=b"", flags=("END_STREAM",)):
    return make(DataFrame, stream, flags, data=body)


def changed(*changes):
    """The usual head with fields in place of others; None takes one away."""
    names = dict(changes)
    kept = [(name, names.get(name, value)) for name, value in HEAD]
    return [one for one in kept if one[1] is not None] + [one for one in changes if one[0] not in dict(HEAD)]


class Connection:
    def __init__(self, address, greeting=None):
        self.socket = socket.create_connection(address, 5)
        self.buffer, self.decoder = b"", Decoder()
        self.send(PREFACE + make(SettingsFrame, 0) if greeting is None else greeting)

    def send(self, bytes_):
        try:
            self.socket.sendall(bytes_)
        except OSError:
            pass

    def frames(self):
        """Frames as they come, None at the end."""
        while True:
            while len(self.buffer) < 9 or len(self.buffer) < 9 + int.from_bytes(self.buffer[:3], "big"):
                try:
                    part = self.socket.recv(65536)
                except OSError:
                    part = b""
                if not part:
                    return
                self.buffer += part
            frame, length = Frame.parse_frame_header(memoryview(self.buffer[:9]))
            frame.parse_body(memoryview(self.buffer[9:9 + length]))
            self.buffer = self.buffer[9 + length:]
            yield frame

    def outcome(self, stream):
        """What became of a stream, in words: `status 200`, `reset 1`, `connection 1`, `ping`."""
        for frame in self.frames():
            if isinstance(frame, GoAwayFrame):
                return f"connection {frame.error_code}"
            if isinstance(frame, RstStreamFrame) and frame.stream_id == stream:
                return f"reset {frame.error_code}"
            if isinstance(frame, HeadersFrame):
                status = dict(self.decoder.decode(frame.data))[":status"]
                if frame.stream_id == stream and status != "100":
                    return f"status {status}"
            if isinstance(frame, PingFrame) and "ACK" in frame.flags and stream == 0:
                return "ping"
        return "connection closed"


ok = "status 200"


def connection(code):
    return {f"connection {code}", "connection closed"}


def stream_or_connection(code):
    return {f"reset {code}"} | connection(code)


def malformed():
    """RFC 9113, section 8.1.1: a stream error, or answered with 400."""
    return {f"reset {PROTOCOL}", "status 400"} | connection(PROTOCOL)


def cases():
    settings = lambda pairs: raw(4, 0, 0, b"".join(struct.pack(">HI", *pair) for pair in pairs))
    long = HEAD + [("x", "y" * 200)]
    whole = block(HEAD)
    yield "3.4", "no preface", 1, {"connection closed"} | connection(PROTOCOL) | {"status 400"}, b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", b""
    yield "3.4", "another frame before SETTINGS", 1, connection(PROTOCOL), PREFACE + make(PingFrame, 0, opaque_data=bytes(8)), b""
    plain = [
        ("4.1", "a frame of an unknown kind", 1, {ok}, raw(0x77, 0xFF, 0, b"abc") + head(1)),
        ("4.1", "flags that mean nothing, and the reserved bit", 1, {ok}, raw(1, 0x05 | 0x50, 1 | 1 << 31, whole)),
        ("4.2", "a frame over SETTINGS_MAX_FRAME_SIZE", 1, stream_or_connection(SIZE), head(1, flags=("END_HEADERS",)) + raw(0, 1, 1, bytes(16_385))),
        ("4.2", "HEADERS over it", 1, connection(SIZE), raw(1, 5, 1, bytes(16_385))),
        ("4.3", "a header block that does not decode", 1, connection(COMPRESSION), raw(1, 5, 1, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")),
        ("5.1", "DATA on an idle stream", 1, connection(PROTOCOL), data(1, b"a")),
        ("5.1", "RST_STREAM on an idle stream", 1, connection(PROTOCOL), make(RstStreamFrame, 1, error_code=8)),
        ("5.1", "WINDOW_UPDATE on an idle stream", 1, connection(PROTOCOL), make(WindowUpdateFrame, 1, window_increment=1)),
        ("5.1", "DATA after END_STREAM", 1, stream_or_connection(CLOSED) | {ok}, head(1) + data(1, b"a")),
        ("5.1", "HEADERS after END_STREAM", 1, stream_or_connection(CLOSED), head(1) + head(1)),
        ("5.1", "DATA after RST_STREAM", 3, {ok} | connection(CLOSED), head(1, flags=("END_HEADERS",)) + make(RstStreamFrame, 1, error_code=8) + data(1, b"a") + head(3)),
        ("5.1.1", "an even stream", 2, connection(PROTOCOL), head(2)),
        ("5.1.1", "a lower stream than before", 1, connection(PROTOCOL) | connection(CLOSED), head(5) + head(3)),
        ("5.1.2", "streams over SETTINGS_MAX_CONCURRENT_STREAMS", 259, {f"reset {REFUSED}", f"reset {PROTOCOL}"} | connection(PROTOCOL), b"".join(head(1 + 2 * n, flags=("END_HEADERS",)) for n in range(130))),
        ("5.3", "a stream that depends on itself", 1, stream_or_connection(PROTOCOL) | {ok}, make(HeadersFrame, 1, ("END_HEADERS", "END_STREAM", "PRIORITY"), data=whole, depends_on=1, stream_weight=1)),
        ("5.5", "an unknown kind inside a header block", 1, connection(PROTOCOL), raw(1, 1, 1, whole[:5]) + raw(0x77, 0, 1) + raw(9, 4, 1, whole[5:])),
        ("6.1", "DATA on stream 0", 1, connection(PROTOCOL), raw(0, 1, 0, b"a")),
        ("6.1", "padding that fits", 1, {ok}, head(1, flags=("END_HEADERS",)) + raw(0, 9, 1, b"\x03\x0a\x00" + bytes(3))),
        ("6.1", "padding longer than the frame", 1, connection(PROTOCOL), head(1, flags=("END_HEADERS",)) + raw(0, 9, 1, b"\x09\x0a\x00")),
        ("6.2", "HEADERS on stream 0", 1, connection(PROTOCOL), raw(1, 5, 0, whole)),
        ("6.2", "padding of HEADERS longer than the frame", 1, connection(PROTOCOL), raw(1, 13, 1, b"\xff" + whole)),
        ("6.2", "another frame inside a header block", 1, connection(PROTOCOL), raw(1, 1, 1, whole[:5]) + make(PingFrame, 0, opaque_data=bytes(8))),
        ("6.2", "another stream inside a header block", 1, connection(PROTOCOL), raw(1, 1, 1, whole[:5]) + head(3)),
        ("6.3", "PRIORITY on stream 0", 1, connection(PROTOCOL), raw(2, 0, 0, bytes(5))),
        ("6.3", "PRIORITY of four bytes", 1, stream_or_connection(SIZE), raw(2, 0, 1, bytes(4)) + head(1)),
        ("6.4", "RST_STREAM on stream 0", 1, connection(PROTOCOL), raw(3, 0, 0, bytes(4))),
        ("6.4", "RST_STREAM of three bytes", 1, connection(SIZE), head(1, flags=("END_HEADERS",)) + raw(3, 0, 1, bytes(3))),
        ("6.5", "SETTINGS on a stream", 1, connection(PROTOCOL), raw(4, 0, 1)),
        ("6.5", "an acknowledgement with a body", 1, connection(SIZE), raw(4, 1, 0, bytes(6))),
        ("6.5", "SETTINGS of five bytes", 1, connection(SIZE), raw(4, 0, 0, bytes(5))),
        ("6.5.2", "ENABLE_PUSH of 2", 1, connection(PROTOCOL), settings([(2, 2)])),
        ("6.5.2", "INITIAL_WINDOW_SIZE over 2^31-1", 1, connection(FLOW), settings([(4, 1 << 31)])),
        ("6.5.2", "MAX_FRAME_SIZE of 16,383", 1, connection(PROTOCOL), settings([(5, 16_383)])),
        ("6.5.2", "MAX_FRAME_SIZE of 2^24", 1, connection(PROTOCOL), settings([(5, 1 << 24)])),
        ("6.5.2", "an unknown setting", 1, {ok}, settings([(0xFF, 7)]) + head(1)),
        ("6.6", "PUSH_PROMISE by a client", 1, connection(PROTOCOL), make(PushPromiseFrame, 1, ("END_HEADERS",), promised_stream_id=2, data=whole)),
        ("6.7", "PING", 0, {"ping"}, make(PingFrame, 0, opaque_data=b"12345678")),
        ("6.7", "PING on a stream", 1, connection(PROTOCOL), raw(6, 0, 1, bytes(8))),
        ("6.7", "PING of six bytes", 1, connection(SIZE), raw(6, 0, 0, bytes(6))),
        ("6.8", "GOAWAY on a stream", 1, connection(PROTOCOL), raw(7, 0, 1, bytes(8))),
        ("6.9", "WINDOW_UPDATE of 0 on the connection", 1, connection(PROTOCOL), raw(8, 0, 0, bytes(4))),
        ("6.9", "WINDOW_UPDATE of 0 on a stream", 1, stream_or_connection(PROTOCOL), head(1, flags=("END_HEADERS",)) + raw(8, 0, 1, bytes(4))),
        ("6.9", "WINDOW_UPDATE of three bytes", 1, connection(SIZE), raw(8, 0, 0, bytes(3))),
        ("6.9.1", "a connection's window over 2^31-1", 1, connection(FLOW), raw(8, 0, 0, b"\x7f\xff\xff\xff") * 2),
        ("6.9.1", "a stream's window over 2^31-1", 1, stream_or_connection(FLOW), head(1, flags=("END_HEADERS",)) + raw(8, 0, 1, b"\x7f\xff\xff\xff") * 2),
        ("6.9.2", "a window of 0, then more", 1, {ok}, settings([(4, 0)]) + head(1) + settings([(4, 65_535)])),
        ("6.10", "CONTINUATION", 1, {ok}, raw(1, 1, 1, block(long)[:5]) + raw(9, 0, 1, block(long)[5:40]) + raw(9, 4, 1, block(long)[40:])),
        ("6.10", "CONTINUATION on stream 0", 1, connection(PROTOCOL), raw(1, 1, 1, whole[:5]) + raw(9, 4, 0, whole[5:])),
        ("6.10", "CONTINUATION without HEADERS", 1, connection(PROTOCOL), raw(9, 4, 1, whole)),
        ("6.10", "CONTINUATION after END_HEADERS", 1, connection(PROTOCOL), head(1, flags=("END_HEADERS",)) + raw(9, 4, 1, whole)),
        ("8.1", "a second HEADERS without END_STREAM", 1, malformed(), head(1, flags=("END_HEADERS",)) + make(HeadersFrame, 1, ("END_HEADERS",), data=block([("x", "y")]))),
        ("8.1", "trailers", 1, {ok}, head(1, flags=("END_HEADERS",)) + data(1, b"\x0a\x00", ()) + make(HeadersFrame, 1, ("END_HEADERS", "END_STREAM"), data=block([("x", "y")]))),
        ("8.1", "a pseudo-header in trailers", 1, malformed(), head(1, flags=("END_HEADERS",)) + make(HeadersFrame, 1, ("END_HEADERS", "END_STREAM"), data=block([(":path", "/")]))),
        ("8.1.1", "less than content-length", 1, malformed(), head(1, changed(("content-length", "5")), ("END_HEADERS",)) + data(1, b"\x0a\x00")),
        ("8.1.1", "more than content-length", 1, malformed(), head(1, changed(("content-length", "1")), ("END_HEADERS",)) + data(1, b"\x0a\x00")),
        ("8.2.1", "a name in capitals", 1, malformed(), head(1, HEAD + [("X-Y", "z")])),
        ("8.2.1", "a line feed in a value", 1, malformed(), head(1, HEAD + [("x", "a\nb")])),
        ("8.2.1", "a NUL in a value", 1, malformed(), head(1, HEAD + [("x", "a\0b")])),
        ("8.2.1", "a blank in a name", 1, malformed(), head(1, HEAD + [("x y", "z")])),
        ("8.2.2", "connection", 1, malformed(), head(1, HEAD + [("connection", "keep-alive")])),
        ("8.2.2", "transfer-encoding", 1, malformed(), head(1, HEAD + [("transfer-encoding", "chunked")])),
        ("8.2.2", "te other than trailers", 1, malformed(), head(1, HEAD + [("te", "gzip")])),
        ("8.3", "a pseudo-header that is unknown", 1, malformed(), head(1, [(":x", "y")] + HEAD)),
        ("8.3", "one of an answer", 1, malformed(), head(1, [(":status", "200")] + HEAD)),
        ("8.3", "one behind a header", 1, malformed(), head(1, HEAD[4:] + HEAD[:4])),
        ("8.3.1", "no method", 1, malformed(), head(1, changed((":method", None)))),
        ("8.3.1", "no scheme", 1, malformed(), head(1, changed((":scheme", None)))),
        ("8.3.1", "no path", 1, malformed(), head(1, changed((":path", None)))),
        ("8.3.1", "an empty path", 1, malformed(), head(1, changed((":path", "")))),
        ("8.3.1", "two paths", 1, malformed(), head(1, HEAD[:4] + [(":path", "/")] + HEAD[4:])),
        ("7541 2.3.3", "an index that does not exist", 1, connection(COMPRESSION), raw(1, 5, 1, b"\xfe")),
        ("7541 4.2", "a table larger than allowed", 1, connection(COMPRESSION), raw(1, 5, 1, b"\x3f\xff\xff\x03" + whole)),
        ("7541 4.2", "a change of the table at the end", 1, connection(COMPRESSION), raw(1, 5, 1, whole + b"\x20")),
        ("7541 5.2", "Huffman padding of more than 7 bits", 1, connection(COMPRESSION), raw(1, 5, 1, whole + b"\x00\x01x\x82\xff\xff")),
        ("7541 6.1", "index 0", 1, connection(COMPRESSION), raw(1, 5, 1, b"\x80")),
        ("8.1", "a plain request", 1, {ok}, head(1, flags=("END_HEADERS",)) + data(1, b"\x0a\x00")),
    ]
    for section, what, stream, wanted, bytes_ in plain:
        yield section, what, stream, wanted, None, bytes_


def main():
    host, port = sys.argv[1].rsplit(":", 1)
    wrong, count = 0, 0
    for section, what, stream, wanted, greeting, bytes_ in cases():
        peer = Connection((host, int(port)), greeting)
        peer.send(bytes_)
        found = peer.outcome(stream)
        peer.socket.close()
        count += 1
        wrong += found not in wanted
        print(f"{'ok ' if found in wanted else 'BAD'} {section:10} {what}: {found}" + ("" if found in wanted else f", not {sorted(wanted)}"))
    print(f"{count - wrong} of {count}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

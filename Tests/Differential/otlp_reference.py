"""The reference for Hoglet's OTLP code: Google's protobuf and opentelemetry-proto from PyPI.

Writes cases to standard output, each as five lengths (32 bits, little-endian) and what they count:
    signal ("traces" or "logs"), body in protobuf, body in OTLP/JSON (may be empty), dump, name
The dump is JSON text in a canonical form of what the reference reads from the protobuf body, the text "refused" where it
refuses the body. Hoglet must come to the same dump from the protobuf body and from the JSON body.

    otlp_reference.py random SEED COUNT     random requests, and mutations of them (protobuf only)
    otlp_reference.py files FILE...         captured requests (traces*.pb and logs*.pb, with *.otlp.json beside them)
"""
import json
import os
import random
import struct
import sys

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import SeverityNumber
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

REQUESTS = {"traces": ExportTraceServiceRequest, "logs": ExportLogsServiceRequest}
ENUMS = {"kind": Span.SpanKind, "code": Status.StatusCode, "severity_number": SeverityNumber}
IDS = {"trace_id", "span_id", "parent_span_id"}


# The canonical dump


def dump_value(value):
    which = value.WhichOneof("value")
    if which == "string_value":
        return ["s", value.string_value]
    if which == "bool_value":
        return ["b", value.bool_value]
    if which == "int_value":
        return ["i", str(value.int_value)]
    if which == "double_value":
        number = value.double_value
        return ["d", "nan" if number != number else struct.pack(">d", number).hex()]
    if which == "array_value":
        return ["a", [dump_value(item) for item in value.array_value.values]]
    if which == "kvlist_value":
        return ["m", dump_attributes(value.kvlist_value.values)]
    if which == "bytes_value":
        return ["x", value.bytes_value.hex()]
    return ["0"]


def dump_attributes(attributes):
    return [[item.key, dump_value(item.value)] for item in attributes]


def valid(identifier, size):
    return len(identifier) == size and any(identifier)


def known(number, maximum):
    return number if 0 <= number <= maximum else 0


def dump_span(span):
    has_parent = valid(span.parent_span_id, 8)
    return {
        "trace": span.trace_id.hex(),
        "span": span.span_id.hex(),
        "parent": span.parent_span_id.hex() if has_parent else "",
        "remote": has_parent and span.flags & 0x300 == 0x300,
        "name": span.name,
        "kind": known(span.kind, 5),
        "start": str(span.start_time_unix_nano),
        "end": str(span.end_time_unix_nano),
        "state": span.trace_state,
        "status": known(span.status.code, 2),
        "message": span.status.message,
        "attributes": dump_attributes(span.attributes),
        "events": [[e.name, str(e.time_unix_nano), dump_attributes(e.attributes)] for e in span.events],
    }


def is_model_call(log):
    return log.event_name.startswith("gen_ai.") or any(
        a.key == "event.name" and a.value.WhichOneof("value") == "string_value"
        and a.value.string_value.startswith("gen_ai.") for a in log.attributes)


def dump_log(log):
    return {
        "trace": log.trace_id.hex() if valid(log.trace_id, 16) else "",
        "span": log.span_id.hex() if valid(log.span_id, 8) else "",
        "time": str(log.time_unix_nano),
        "observed": str(log.observed_time_unix_nano),
        "severity": known(log.severity_number, 24),
        "text": log.severity_text,
        "event": log.event_name,
        "call": is_model_call(log),
        "body": dump_value(log.body),
        "attributes": dump_attributes(log.attributes),
    }


def span_is_good(span):
    return (valid(span.trace_id, 16) and valid(span.span_id, 8)
            and (len(span.parent_span_id) in (0, 8)))


def dump(signal, request):
    units = []
    places = {}
    rejected = 0
    groups = request.resource_spans if signal == "traces" else request.resource_logs
    for group in groups:
        for scope in group.scope_spans if signal == "traces" else group.scope_logs:
            for record in scope.spans if signal == "traces" else scope.log_records:
                if signal == "traces" and not span_is_good(record):
                    rejected += 1
                    continue
                line = dump_span(record) if signal == "traces" else dump_log(record)
                line["scope"] = [
                    scope.scope.name, scope.scope.version, scope.schema_url or group.schema_url,
                    dump_attributes(scope.scope.attributes)]
                line["resource"] = dump_attributes(group.resource.attributes)
                trace = line["trace"]
                if trace == "" or trace not in places:
                    places[trace] = len(units)
                    units.append([])
                units[places[trace]].append(line)
    text = {"rejected": rejected, "units": units}
    return json.dumps(text, ensure_ascii=False, separators=(",", ":"))


# OTLP/JSON, in all the ways that clients write it


def camel(name):
    head, *rest = name.split("_")
    return head + "".join(word[:1].upper() + word[1:] for word in rest)


def json_value(field, value, style):
    if field.message_type is not None:
        return to_json(value, style)
    if field.name in IDS:
        text = value.hex()
        return text.upper() if style.random() < 0.3 else text
    if field.type == field.TYPE_BYTES:
        import base64
        if style.random() < 0.3:
            return base64.urlsafe_b64encode(value).decode().rstrip("=")
        return base64.b64encode(value).decode()
    if field.type == field.TYPE_ENUM:
        if value in ENUMS[field.name].values() and style.random() < 0.3:
            return ENUMS[field.name].Name(value)
        return value
    if field.type in (field.TYPE_INT64, field.TYPE_FIXED64):
        return str(value) if style.random() < 0.7 else value
    if field.type in (field.TYPE_UINT32, field.TYPE_FIXED32):
        return str(value) if style.random() < 0.2 else value
    if field.type == field.TYPE_DOUBLE:
        if value != value:
            return "NaN"
        if value in (float("inf"), float("-inf")):
            return "Infinity" if value > 0 else "-Infinity"
        return repr(value) if style.random() < 0.2 else value
    return value


UNKNOWN = [None, True, -1.5e3, "text \u00e9\U0001f600 \\ \"", [], {}, [1, {"a": [None]}], {"resourceSpans": [{"spans": 3}]}]


def to_json(message, style):
    members = []
    for field, value in message.ListFields():
        if field.name in ("entity_refs", "key_strindex", "string_value_strindex"):
            continue
        name = field.name if style.random() < 0.15 else camel(field.name)
        if field.is_repeated:
            members.append((name, [json_value(field, item, style) for item in value]))
        else:
            members.append((name, json_value(field, value, style)))
    if style.random() < 0.1:
        members.append(("somethingNew%d" % style.randrange(3), style.choice(UNKNOWN)))
    if style.random() < 0.05 and "key" not in message.DESCRIPTOR.fields_by_name:
        absent = [f for f in message.DESCRIPTOR.fields if not (f.is_repeated or message.HasField(f.name)
                  if f.has_presence else f.is_repeated or getattr(message, f.name))]
        if absent:
            members.append((camel(style.choice(absent).name), None))
    if style.random() < 0.3:
        style.shuffle(members)
    return dict(members)


def json_text(message, style):
    text = json.dumps(
        to_json(message, style), ensure_ascii=style.random() < 0.3, indent=style.choice([None, None, 1, "\t"]))
    if style.random() < 0.1:
        text = "\ufeff" + text
    return text.encode()


# Random requests

TEXTS = [
    "", "a", "gen_ai.system", "gen_ai.input.messages", "event.name", "gen_ai.choice", "h\u00e9llo", "\u4f60\u597d\u4e16\u754c",
    "\U0001f600\U0001f469\u200d\U0001f680", "\x00\x01\x1f\x7f", "\"quoted\\\" / \b\f\n\r\t", "\u2028\u2029\ufffd\uffff", "x" * 130,
    "[{\"role\":\"user\",\"content\":\"hi\"}]", "y" * 3000, "\u0301combining", "\U0010ffff", "line\nline",
]


class Generator:
    def __init__(self, rng):
        self.rng = rng
        self.traces = [rng.randbytes(16) for _ in range(4)]

    def text(self):
        rng = self.rng
        if rng.random() < 0.6:
            return rng.choice(TEXTS)
        return "".join(chr(rng.choice([rng.randrange(32, 127), rng.randrange(0xa0, 0xd800), rng.randrange(0xe000, 0x110000)]))
                       for _ in range(rng.randrange(12)))

    def identifier(self, size):
        roll = self.rng.random()
        if roll < 0.93:
            return self.rng.choice(self.traces)[:size] if size == 16 else self.rng.randbytes(size)
        return self.rng.choice([b"", bytes(size), self.rng.randbytes(size - 1), self.rng.randbytes(size + 1), b"\x00"])

    def integer(self):
        rng = self.rng
        return rng.choice([0, 1, -1, 127, 128, 300, 2**31, -(2**31), 2**53 + 1, 2**63 - 1, -(2**63), rng.randrange(10**6)])

    def number(self):
        rng = self.rng
        return rng.choice([0.0, -0.0, 1.0, 0.1, -2.5, 1e22, 1e-7, 5e-324, 1.7976931348623157e308, float("nan"), float("inf"),
                           float("-inf"), rng.random(), struct.unpack("<d", rng.randbytes(8))[0]])

    def value(self, value, depth=0):
        rng = self.rng
        roll = rng.randrange(9 if depth < 5 else 6)
        if roll == 0:
            value.bool_value = rng.random() < 0.5
        elif roll == 1:
            value.int_value = self.integer()
        elif roll == 2:
            value.double_value = self.number()
        elif roll in (3, 6):
            value.string_value = self.text()
        elif roll == 4:
            value.bytes_value = rng.randbytes(rng.randrange(9))
        elif roll == 7:
            value.array_value.SetInParent()
            for _ in range(rng.randrange(4)):
                self.value(value.array_value.values.add(), depth + 1)
        elif roll == 8:
            value.kvlist_value.SetInParent()
            for _ in range(rng.randrange(4)):
                self.attribute(value.kvlist_value.values.add(), depth + 1)

    def attribute(self, attribute, depth=0):
        attribute.key = self.text()
        if self.rng.random() < 0.95:
            self.value(attribute.value, depth)

    def attributes(self, attributes):
        for _ in range(self.rng.choice([0, 1, 3, 8])):
            self.attribute(attributes.add())

    def time(self):
        return self.rng.choice([0, 1, 2**64 - 1, 1_700_000_000_000_000_000 + self.rng.randrange(10**9)])

    def span(self, span):
        rng = self.rng
        span.trace_id = self.identifier(16)
        span.span_id = self.identifier(8)
        if rng.random() < 0.6:
            span.parent_span_id = self.identifier(8)
        span.name = self.text()
        span.trace_state = rng.choice(["", "rojo=00f067aa0ba902b7", "ot=rv:01020304050607"])
        span.kind = rng.choice([0, 1, 2, 3, 4, 5, 6, 77, 259, -1])
        span.start_time_unix_nano = self.time()
        span.end_time_unix_nano = self.time()
        span.flags = rng.choice([0, 1, 0x100, 0x200, 0x300, 0x301, 2**32 - 1])
        span.dropped_attributes_count = rng.choice([0, 7, 2**32 - 1])
        self.attributes(span.attributes)
        for _ in range(rng.choice([0, 0, 1, 3])):
            event = span.events.add()
            event.name = self.text()
            event.time_unix_nano = self.time()
            self.attributes(event.attributes)
        for _ in range(rng.choice([0, 0, 1])):
            link = span.links.add()
            link.trace_id = self.identifier(16)
            link.span_id = self.identifier(8)
            self.attributes(link.attributes)
        if rng.random() < 0.5:
            span.status.code = rng.choice([0, 1, 2, 3])
            span.status.message = self.text()

    def log(self, log):
        rng = self.rng
        if rng.random() < 0.7:
            log.trace_id = self.identifier(16)
            log.span_id = self.identifier(8)
        log.time_unix_nano = self.time()
        log.observed_time_unix_nano = self.time()
        log.severity_number = rng.choice([0, 1, 9, 17, 24, 25, -3])
        log.severity_text = self.text()
        log.event_name = rng.choice(["", "", "gen_ai.choice", "other"])
        log.flags = rng.choice([0, 1])
        if rng.random() < 0.8:
            self.value(log.body)
        self.attributes(log.attributes)

    def request(self, signal):
        rng = self.rng
        request = REQUESTS[signal]()
        for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
            group = (request.resource_spans if signal == "traces" else request.resource_logs).add()
            if rng.random() < 0.9:
                group.resource.SetInParent()
                self.attributes(group.resource.attributes)
                if rng.random() < 0.1:
                    group.resource.entity_refs.add().type = "service"
            group.schema_url = rng.choice(["", "https://opentelemetry.io/schemas/1.30.0"])
            for _ in range(rng.choice([0, 1, 1, 2])):
                scope = (group.scope_spans if signal == "traces" else group.scope_logs).add()
                if rng.random() < 0.9:
                    scope.scope.name = self.text()
                    scope.scope.version = self.text()
                    self.attributes(scope.scope.attributes)
                scope.schema_url = rng.choice(["", "https://opentelemetry.io/schemas/1.27.0"])
                for _ in range(rng.choice([0, 1, 2, 5])):
                    if signal == "traces":
                        self.span(scope.spans.add())
                    else:
                        self.log(scope.log_records.add())
        return request


# The wire, rewritten: fields shuffled, split, repeated and joined by unknown ones, all of it legal


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def padded(value, rng):
    plain = bytearray(varint(value))
    for _ in range(rng.choice([0, 0, 0, 1, 3])):
        if len(plain) < 5:
            plain[-1] |= 0x80
            plain.append(0)
    return bytes(plain)


def tagged(number, wire, content):
    return varint(number << 3 | wire) + content


def unknown(rng):
    number = rng.choice([17, 99, 1000, 2**29 - 1])
    return rng.choice([
        tagged(number, 0, varint(rng.randrange(2**64))), tagged(number, 1, rng.randbytes(8)),
        tagged(number, 2, varint(3) + rng.randbytes(3)), tagged(number, 5, rng.randbytes(4)),
        tagged(number, 3, tagged(1, 0, b"\x05") + tagged(2, 3, tagged(2, 4, b"")) + tagged(number, 4, b""))])


def wire(message, rng):
    """Encodes `message`, legally but as no encoder does: a singular message may come in several pieces."""
    pieces = []
    for field, value in message.ListFields():
        if field.message_type is None:
            lone = type(message)()
            getattr(lone, field.name)
            setattr(lone, field.name, value)
            pieces.append(lone.SerializeToString())
        elif field.is_repeated:
            pieces.append(b"".join(nested(field.number, wire(item, rng), rng) for item in value))
        else:
            parts = [wire(value, rng)]
            if rng.random() < 0.15:
                parts = split(value, rng)
            pieces.append(b"".join(nested(field.number, part, rng) for part in parts))
    if rng.random() < 0.1 and message.DESCRIPTOR.name != "AnyValue":
        rng.shuffle(pieces)
    if rng.random() < 0.1:
        pieces.insert(rng.randrange(len(pieces) + 1), unknown(rng))
    return b"".join(pieces)


def nested(number, content, rng):
    return tagged(number, 2, padded(len(content), rng) + content)


def split(message, rng):
    """Several messages whose merge is `message`, or at least something that the reference reads the same way as we must."""
    whole = wire(message, rng)
    return rng.choice([[b"", whole], [whole, b""], [whole, whole], [wire(type(message)(), rng), whole]])


def mutate(body, rng, other):
    body = bytearray(body)
    for _ in range(rng.choice([1, 1, 2, 5])):
        if not body:
            break
        at = rng.randrange(len(body))
        roll = rng.randrange(5)
        if roll == 0:
            body[at] ^= 1 << rng.randrange(8)
        elif roll == 1:
            del body[at:at + rng.randrange(1, 9)]
        elif roll == 2:
            body[at:at] = rng.randbytes(rng.randrange(1, 5))
        elif roll == 3:
            body[at] = rng.choice([0, 0x7F, 0x80, 0xFF, 0x0A, 0x12])
        else:
            end = rng.randrange(len(other) + 1)
            body[at:at] = other[end // 2:end]
    return bytes(body)


# Cases


def emit(signal, body, text, name):
    request = REQUESTS[signal]()
    try:
        request.ParseFromString(body)
        expected = dump(signal, request)
    except DecodeError:
        expected = "refused"
    parts = [signal.encode(), body, text, expected.encode("utf-8", "surrogatepass"), name.encode()]
    sys.stdout.buffer.write(struct.pack("<5I", *map(len, parts)) + b"".join(parts))


def random_cases(seed, count):
    rng = random.Random(seed)
    previous = b""
    for number in range(count):
        signal = "traces" if number % 2 == 0 else "logs"
        request = Generator(rng).request(signal)
        emit(signal, request.SerializeToString(), json_text(request, rng), "case %d of seed %d" % (number, seed))
        body = wire(request, rng)
        emit(signal, body, b"", "case %d of seed %d, rewritten" % (number, seed))
        emit(signal, mutate(body, rng, previous), b"", "case %d of seed %d, mutated" % (number, seed))
        previous = body


def file_cases(paths):
    for path in paths:
        with open(path, "rb") as file:
            body = file.read()
        text = b""
        beside = path[:-len(".pb")] + ".otlp.json"
        if os.path.exists(beside):
            with open(beside, "rb") as file:
                text = file.read()
        emit("traces" if "traces" in os.path.basename(path) else "logs", body, text, path)


if __name__ == "__main__":
    if sys.argv[1] == "random":
        random_cases(int(sys.argv[2]), int(sys.argv[3]))
    else:
        file_cases(sys.argv[2:])

"""What PostHog refuses, as pure functions: bytes in, events or a `Refusal` out. No I/O.

The limits and rules are those of PostHog's capture endpoints as the project knows them; where PostHog is lenient but
says that a client should not (a missing uuid, a `sent_at`), this stand-in is strict, so that a mistake fails a test.
"""

import datetime
import json
import re
import zlib

AI_EVENTS = frozenset(
    "$ai_generation $ai_embedding $ai_span $ai_trace $ai_metric $ai_feedback $ai_evaluation".split())
WIRE_BYTES_MAX = 20 * 1024 * 1024
BODY_BYTES_MAX = 256 * 1024 * 1024
AI_EVENT_BYTES_MAX = 8 * 1024 * 1024
ANALYTICS_AI_EVENT_BYTES_MAX = 983_040
LOGS_BYTES_MAX = 2_097_152
DISTINCT_ID_CHARACTERS_MAX = 200

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
TIMESTAMP = re.compile(
    r"(\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2})(\.\d{1,9})?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)")
SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


class Refusal(Exception):
    """An answer other than 2xx: nothing of the request was taken."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status
        self.text = text


def decoded(body, encoding, limit=BODY_BYTES_MAX):
    """The body without its Content-Encoding, at most `limit` bytes."""
    if encoding in (None, "", "identity"):
        plain = body
    elif encoding == "gzip":
        stream = zlib.decompressobj(31)
        try:
            plain = stream.decompress(body, limit + 1)
        except zlib.error as error:
            raise Refusal(400, f"the body is not gzip: {error}")
        if len(plain) <= limit and (not stream.eof or stream.unused_data):
            raise Refusal(400, "the gzip body is cut short or has bytes after its end")
    else:
        raise Refusal(415, f"content encoding {encoding!r} is not supported")
    if len(plain) > limit:
        raise Refusal(413, f"the body is over {limit} bytes after decompression")
    return plain


def parsed(plain):
    """JSON as a strict parser reads it: UTF-8, no NaN, no lone surrogates."""
    def no_constant(name):
        raise ValueError(f"{name} is not JSON")
    try:
        text = plain.decode("utf-8")
        value = json.loads(text, parse_constant=no_constant)
        if SURROGATE_ESCAPE.search(text):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise Refusal(400, "invalid JSON: lone surrogate in a \\u escape")
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"invalid JSON: {error}")
    return value


def batch(value, lane, bad_marker=None):
    """(api key, events) of a parsed body; all or nothing."""
    if not isinstance(value, dict):
        raise Refusal(400, "the body is not a JSON object")
    key = value.get("api_key")
    if not isinstance(key, str) or not key:
        raise Refusal(401, "api_key is missing")
    if "sent_at" in value:
        raise Refusal(400, "sent_at is present: it shifts timestamps and breaks de-duplication")
    unknown = set(value) - {"api_key", "batch"}
    if unknown:
        raise Refusal(400, f"unknown members in the body: {sorted(unknown)}")
    events = value.get("batch")
    if not isinstance(events, list) or not events:
        raise Refusal(400, "batch is missing or empty")
    keys = {}
    for index, event in enumerate(events):
        try:
            check(event, lane, keys, bad_marker)
        except Refusal as refusal:
            raise Refusal(refusal.status, f"batch[{index}]: {refusal.text}")
    return key, events


def check(event, lane, keys, bad_marker):
    """One event; `keys` remembers the uuids of its batch."""
    if not isinstance(event, dict):
        raise Refusal(400, "the event is not an object")
    name = event.get("event")
    if not isinstance(name, str) or not name:
        raise Refusal(400, "event name is missing or empty")
    if lane == "ai" and name not in AI_EVENTS:
        raise Refusal(400, f"event {name!r} is not allowed on the AI endpoint")
    if "sent_at" in event:
        raise Refusal(400, "sent_at is present in an event")
    distinct_id = event.get("distinct_id")
    if not isinstance(distinct_id, str) or not distinct_id.strip():
        raise Refusal(400, "distinct_id is missing or empty")
    if len(distinct_id) > DISTINCT_ID_CHARACTERS_MAX:
        raise Refusal(400, f"distinct_id is over {DISTINCT_ID_CHARACTERS_MAX} characters")
    uuid = event.get("uuid")
    if not isinstance(uuid, str) or not UUID.fullmatch(uuid):
        raise Refusal(400, f"uuid is missing or malformed: {uuid!r}")
    check_timestamp(event.get("timestamp"))
    properties = event.get("properties")
    if not isinstance(properties, dict):
        raise Refusal(400, "properties is not an object")
    if properties.get("$ai_ingestion_source") == "otel":
        raise Refusal(400, "$ai_ingestion_source is otel: PostHog would map the event again")
    identity = (event["timestamp"], distinct_id, name)
    if keys.setdefault(uuid.lower(), identity) != identity:
        raise Refusal(400, f"duplicate uuid {uuid} with another timestamp, distinct_id or event")
    if bad_marker and bad_marker in json.dumps(properties, ensure_ascii=False):
        raise Refusal(400, f"event {uuid} is refused: its properties hold the bad marker")
    check_size(event, name, lane)


def check_timestamp(text):
    found = TIMESTAMP.fullmatch(text) if isinstance(text, str) else None
    try:
        if not found:
            raise ValueError
        datetime.datetime.fromisoformat(found.group(1).replace("t", "T"))
    except ValueError:
        raise Refusal(400, f"timestamp is missing or not RFC 3339: {text!r}")


def check_size(event, name, lane):
    limit = AI_EVENT_BYTES_MAX if lane == "ai" else ANALYTICS_AI_EVENT_BYTES_MAX
    if lane != "ai" and not name.startswith("$ai_"):
        return
    size = len(json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode("utf-8"))
    if size > limit:
        raise Refusal(413, f"event {event['uuid']} has {size} bytes, over the limit of {limit}")


def log_records(body):
    """How many log records an OTLP ExportLogsServiceRequest holds."""
    return sum(1 for resource in fields(body, 1) for scope in fields(resource, 2) for _ in fields(scope, 2))


def fields(message, wanted):
    """The length-delimited fields numbered `wanted` of a protobuf message."""
    offset = 0

    def varint():
        nonlocal offset
        value = shift = 0
        while True:
            if offset >= len(message) or shift > 63:
                raise Refusal(400, "the body is not OTLP protobuf")
            byte = message[offset]
            offset += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while offset < len(message):
        tag = varint()
        size = 0
        if tag & 7 == 0:
            varint()
            continue
        elif tag & 7 in (1, 5):
            size = 8 if tag & 7 == 1 else 4
        elif tag & 7 == 2:
            size = varint()
        else:
            raise Refusal(400, "the body is not OTLP protobuf")
        if offset + size > len(message):
            raise Refusal(400, "the body is not OTLP protobuf")
        if tag >> 3 == wanted and tag & 7 == 2:
            yield message[offset:offset + size]
        offset += size

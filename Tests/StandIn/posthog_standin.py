#!/usr/bin/env python3
"""A strict stand-in for PostHog's capture endpoints, for tests. Standard library only.

    posthog_standin.py [--port N] [--port-file FILE] [--cert PEM --key PEM] [--bad-uuid-marker TEXT]
                       [--no-ai-endpoint] [--refused-key KEY]... [--identities FILE] [--until-stdin-closes]

Prints `listening <port>`. Endpoints: POST /i/v0/ai/batch/, /batch/, /i/v1/logs. For the test that drives it:

    GET  /_events    every stored event in order of arrival, one JSON object a line: {"lane", "api_key", "event"}
    GET  /_requests  one JSON list: {"path", "status" (0: no answer), "headers", "bytes", "events", "api_key",
                     "fault", "connection", "sha256"}
    POST /_fault     {"status": 503, "times": 3, "retry_after": "1", "body": "text", "seconds": 60,
                      "mode": "answer|hang|reset|accept_then_reset|partial|slow|drip", "key": …, "path": …,
                      "events_min": 2}: joins a queue; a request meets the first fault whose key and path fit and that
                     does not ask for more events than it has. "answer" with 2xx takes the request and answers with
                     "body"; "hang" never answers (gives up after "seconds"); "slow" answers after "seconds"; "drip"
                     answers byte by byte, over so many seconds; "partial" stores half of the events, then answers with
                     "status".
                     (Both may be asked for with POST too.)
    POST /_reset     forgets events, requests and faults, and lets hanging requests go.

For long runs: with --identities nothing is kept in memory, and each stored event is a line of that file: api key, uuid,
timestamp, distinct_id, event and $ai_span_id, with tabs between, written before the answer.
"""

import argparse
import hashlib
import http.server
import json
import os
import socket
import ssl
import struct
import sys
import threading

import posthog_rules as rules

LANES = {"/i/v0/ai/batch/": "ai", "/batch/": "analytics", "/i/v1/logs": "logs"}
HEADERS = ("content-type", "content-encoding", "x-posthog-team-id", "user-agent", "expect", "accept-encoding")


class State:
    """What was stored, what was asked, and which faults wait; one lock around all of it."""

    def __init__(self, options):
        self.options = options
        self.lock = threading.Lock()
        self.released = threading.Event()
        self.events, self.requests, self.faults = [], [], []
        self.identities = open(options.identities, "ab") if options.identities else None

    def store(self, lines):
        with self.lock:
            if self.identities is None:
                self.events.extend(lines)
                return
            for line in lines:
                entry = json.loads(line)
                event = entry["event"]
                words = [entry["api_key"], *(event.get(name) for name in ("uuid", "timestamp", "distinct_id", "event"))]
                words.append(event.get("properties", {}).get("$ai_span_id"))
                self.identities.write("\t".join(str(word) for word in words).encode() + b"\n")
            self.identities.flush()

    def reset(self):
        with self.lock:
            self.released.set()
            self.released = threading.Event()
            self.events, self.requests, self.faults = [], [], []

    def take_fault(self, path, key, count):
        with self.lock:
            for fault in self.faults:
                if fault.get("path", path) == path and fault.get("key", key) == key and (
                        count >= fault.get("events_min", 0)):
                    fault["times"] -= 1
                    if fault["times"] <= 0:
                        self.faults.remove(fault)
                    return dict(fault)
        return None


class Exchange(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "posthog-standin"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.report()

    def report(self):
        state = self.server.state
        if self.path == "/_events":
            with state.lock:
                lines = list(state.events)
            self.answer(200, b"".join(line + b"\n" for line in lines), "application/x-ndjson")
        elif self.path == "/_requests":
            with state.lock:
                body = json.dumps(state.requests).encode()
            self.answer(200, body)
        else:
            self.answer(404, b'{"error": "not found"}')

    def do_POST(self):
        length = self.headers.get("content-length")
        if length is None or not length.isdigit():
            self.close_connection = True
            return self.answer(411, b'{"error": "content-length is missing"}')
        if self.path.startswith("/_"):
            return self.control(self.rfile.read(int(length)))
        entry = {
            "path": self.path, "status": 0, "bytes": int(length), "events": 0, "api_key": None, "fault": None,
            "connection": self.client_address[1],
            "headers": {name: self.headers[name] for name in HEADERS if name in self.headers}}
        if self.server.state.identities is None:
            with self.server.state.lock:
                self.server.state.requests.append(entry)
        if int(length) > rules.WIRE_BYTES_MAX:
            self.close_connection = True
            return self.finish_with(entry, 413, f"the request is over {rules.WIRE_BYTES_MAX} bytes")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return
        entry["sha256"] = hashlib.sha256(body).hexdigest()
        self.serve(entry, body)

    def serve(self, entry, body):
        """Judges a request, then does what the first fitting fault says, or answers."""
        stored, refusal, key, count = [], None, None, 0
        try:
            key, count, stored = self.judge(body)
        except rules.Refusal as error:
            refusal = error
            key = self.key_of(body)
        entry["api_key"] = key
        fault = self.server.state.take_fault(self.path, key, count)
        mode = fault.get("mode", "answer") if fault else None
        status = int(fault.get("status", 503)) if mode == "answer" else 200
        entry["fault"] = mode
        if mode == "slow":
            self.server.state.released.wait(float(fault.get("seconds", 1)))
        if mode == "hang":
            self.server.state.released.wait(float(fault.get("seconds", 60)))
            return self.reset_connection()
        if mode == "reset":
            return self.reset_connection()
        if mode == "answer" and status >= 300:
            return self.finish_with(entry, status, fault.get("body", "fault"), fault.get("retry_after"))
        if refusal:
            return self.finish_with(entry, refusal.status, refusal.text)
        if mode == "partial":
            self.server.state.store(stored[:len(stored) // 2])
            return self.finish_with(entry, int(fault.get("status", 503)), "fault", fault.get("retry_after"))
        entry["events"] = count
        self.server.state.store(stored)
        if mode == "accept_then_reset":
            return self.reset_connection()
        text = fault.get("body") if fault else None
        entry["status"] = status
        pause = float(fault.get("seconds", 1)) if mode == "drip" else 0
        self.answer(status, (text or '{"status": "Ok"}').encode(), drip=pause)

    def judge(self, body):
        """(api key, count, lines to store), or a Refusal."""
        options = self.server.state.options
        lane = LANES.get(self.path)
        if lane is None or (lane == "ai" and options.no_ai_endpoint):
            raise rules.Refusal(404, f"no such path: {self.path}")
        encoding = self.headers.get("content-encoding")
        if lane == "logs":
            return self.judge_logs(body, encoding)
        if self.headers.get_content_type() != "application/json":
            raise rules.Refusal(415, "content type is not application/json")
        value = rules.parsed(rules.decoded(body, encoding))
        if isinstance(value, dict) and value.get("api_key") in options.refused_key:
            raise rules.Refusal(401, f"the key {value['api_key']} is not known")
        key, events = rules.batch(value, lane, options.bad_uuid_marker)
        lines = [
            json.dumps({"lane": lane, "api_key": key, "event": event}, ensure_ascii=False).encode()
            for event in events]
        return key, len(events), lines

    def judge_logs(self, body, encoding):
        scheme, _, key = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key or key in self.server.state.options.refused_key:
            raise rules.Refusal(401, "no key in the Authorization header, or an unknown one")
        if self.headers.get_content_type() != "application/x-protobuf":
            raise rules.Refusal(415, "content type is not application/x-protobuf")
        if len(body) > rules.LOGS_BYTES_MAX:
            raise rules.Refusal(413, f"the request is over {rules.LOGS_BYTES_MAX} bytes")
        return key, rules.log_records(rules.decoded(body, encoding, rules.LOGS_BYTES_MAX)), []

    def key_of(self, body):
        """The key of a request that was refused, as far as it can be read."""
        scheme, _, key = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return key
        try:
            value = rules.parsed(rules.decoded(body, self.headers.get("content-encoding")))
            return value.get("api_key") if isinstance(value, dict) else None
        except rules.Refusal:
            return None

    def control(self, body):
        state = self.server.state
        if self.path == "/_reset":
            state.reset()
        elif self.path == "/_fault":
            fault = json.loads(body)
            fault.setdefault("times", 1)
            with state.lock:
                state.faults.append(fault)
        else:
            return self.report()
        self.answer(200, b"{}")

    def finish_with(self, entry, status, text, retry_after=None):
        entry["status"] = status
        self.answer(status, json.dumps({"error": text}).encode(), retry_after=retry_after)

    def answer(self, status, body, content_type="application/json", retry_after=None, drip=0):
        head = f"HTTP/1.1 {status} {self.responses.get(status, ('',))[0]}\r\ncontent-type: {content_type}\r\n"
        head += f"content-length: {len(body)}\r\n"
        if retry_after is not None:
            head += f"retry-after: {retry_after}\r\n"
        if self.close_connection:
            head += "connection: close\r\n"
        try:
            answer = head.encode() + b"\r\n" + body
            if drip:
                for place in range(len(answer) - 1):
                    self.wfile.write(answer[place:place + 1])
                    self.server.state.released.wait(drip / len(answer))
                answer = answer[-1:]
            self.wfile.write(answer)
        except OSError:
            self.close_connection = True

    def reset_connection(self):
        """Closes with a TCP reset instead of an answer."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--port-file")
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--bad-uuid-marker")
    parser.add_argument("--no-ai-endpoint", action="store_true")
    parser.add_argument("--refused-key", action="append", default=[])
    parser.add_argument("--identities")
    parser.add_argument("--until-stdin-closes", action="store_true")
    options = parser.parse_args()
    server = Server(("127.0.0.1", options.port), Exchange)
    server.state = State(options)
    if options.cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.cert, options.key)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    port = server.server_address[1]
    if options.port_file:
        with open(options.port_file + ".new", "w") as file:
            file.write(str(port))
        os.replace(options.port_file + ".new", options.port_file)
    print(f"listening {port}", flush=True)
    if options.until_stdin_closes:
        def watch():
            sys.stdin.buffer.read()
            os._exit(0)
        threading.Thread(target=watch, daemon=True).start()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()

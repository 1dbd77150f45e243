"""The smallest OTLP receiver: answers 200 and prints what came, for trying the programs beside it by hand.

  receiver.py [--every-nth-reset N]     prints "listening on http://127.0.0.1:PORT", then a JSON line a record
"""

import argparse
import gzip
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def plain(value):
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {item.key: plain(item.value) for item in value.kvlist_value.values}
    return getattr(value, kind) if kind else None


def attributes(items):
    return {item.key: plain(item.value) for item in items}


def records(path, body):
    if path.endswith("/v1/traces"):
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    yield {
                        "trace": span.trace_id.hex(),
                        "span": span.span_id.hex(),
                        "parent": span.parent_span_id.hex(),
                        "name": span.name,
                        "status": span.status.code,
                        "attributes": attributes(span.attributes),
                    }
    else:
        for resource in ExportLogsServiceRequest.FromString(body).resource_logs:
            for scope in resource.scope_logs:
                for log in scope.log_records:
                    yield {"log": log.event_name, "span": log.span_id.hex(), "attributes": attributes(log.attributes)}


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    lock = threading.Lock()
    requests = 0
    reset_every = 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        with self.lock:
            type(self).requests += 1
            number = self.requests
            for record in records(self.path, body):
                record["authorization"] = self.headers.get("Authorization")
                sys.stdout.write(json.dumps(record) + "\n")
            sys.stdout.flush()
        if self.reset_every and number % self.reset_every == 0:
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--every-nth-reset", type=int, default=0)
    Receiver.reset_every = parser.parse_args().every_nth_reset
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.daemon_threads = True
    sys.stdout.write(f"listening on http://127.0.0.1:{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()

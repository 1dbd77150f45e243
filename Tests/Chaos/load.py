"""Sends traces from several clients until the time is over, and keeps a ledger of what was acknowledged.

  load.py --endpoint-file FILE --ledger FILE --seconds S --seed N [--clients N] [--keys N]

Clients differ: protobuf or JSON, gzip or plain, three project keys. A batch has a few traces of three or four spans, in
two requests, the root last; some traces get a span seconds later, and some requests are sent again although they were
acknowledged, as if the answer had been lost. What is answered 429, 502, 503, 504 or not at all is sent again, byte for
byte. The endpoint is read anew before every attempt, since a restarted gateway listens on another port.

The ledger has a line for each span and step: "sent KEY SPAN" before the first attempt, "acknowledged KEY SPAN" after the
200; at the end "requests N refused N unanswered N resent N" (503 and the like, and connections that broke). What is still not
acknowledged half a minute after the end stays in doubt.
"""

import argparse
import gzip
import heapq
import os
import random
import sys
import threading
import time

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "EndToEnd"))
from otlp import Connection, as_json  # noqa: E402
from spans import attribute, make_span, make_trace  # noqa: E402

# Once the faults are over a gateway takes everything within seconds.
LAST_SECONDS = 30
RETRY_SECONDS = 0.05
# Longer than any answer of a gateway that lives, which is 4 s.
TIMEOUT_SECONDS = 8
RESENT_SHARE = 0.03
LATE_SHARE = 0.1
USER_SHARE = 0.7


class Ledger:
    def __init__(self, path):
        self.lock = threading.Lock()
        self.file = open(path, "a", encoding="ascii")
        self.counts = dict.fromkeys(("requests", "refused", "unanswered", "resent"), 0)

    def write(self, word, key, spans):
        with self.lock:
            self.file.writelines(f"{word} {key} {span.span_id.hex()}\n" for span in spans)
            self.file.flush()

    def count(self, word):
        with self.lock:
            self.counts[word] += 1

    def finish(self):
        self.file.write(" ".join(f"{word} {count}" for word, count in self.counts.items()) + "\n")
        self.file.close()


class Client:
    def __init__(self, options, number, ledger, end):
        self.options, self.ledger, self.end = options, ledger, end
        self.numbers = random.Random(options.seed * 1000 + number)
        self.key = f"phc_chaos{number % options.keys}"
        self.is_json = number % 3 == 2
        self.connection = Connection(options.endpoint_file, TIMEOUT_SECONDS)
        self.late = []

    def run(self):
        while time.monotonic() < self.end:
            traces = [self.trace() for _ in range(self.numbers.randrange(1, 9))]
            for part in (0, 1):
                self.export([span for trace in traces for span in trace[part]])
            while self.late and self.late[0][0] < time.monotonic():
                self.export([heapq.heappop(self.late)[2]])
        for _, _, span in self.late:
            self.export([span])

    def trace(self):
        children, (agent,) = make_trace(self.numbers, "chaos ")
        if self.numbers.random() < USER_SHARE:
            attribute(agent, "user.id", f"user-{self.numbers.randrange(50)}")
        if self.numbers.random() < LATE_SHARE:
            late = make_span(
                self.numbers, agent.trace_id, agent.span_id, "chat late",
                {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o-mini", "user.id": "somebody else"})
            heapq.heappush(self.late, (time.monotonic() + self.numbers.uniform(0, 4), late.span_id, late))
        return children, [agent]

    def export(self, spans):
        request = ExportTraceServiceRequest()
        scope = request.resource_spans.add().scope_spans.add()
        scope.scope.name = "chaos"
        scope.spans.extend(spans)
        body = as_json(request) if self.is_json else request.SerializeToString()
        headers = {
            "Content-Type": "application/json" if self.is_json else "application/x-protobuf",
            "Authorization": f"Bearer {self.key}",
        }
        if self.numbers.random() < 0.5:
            body = gzip.compress(body, 1)
            headers["Content-Encoding"] = "gzip"
        self.ledger.write("sent", self.key, spans)
        self.ledger.count("requests")
        while time.monotonic() < self.end + LAST_SECONDS:
            status = self.connection.attempt(body, headers)
            if status == 200:
                self.ledger.write("acknowledged", self.key, spans)
                if self.numbers.random() < RESENT_SHARE:
                    self.ledger.count("resent")
                    self.connection.attempt(body, headers)
                return
            if status not in (None, 429, 502, 503, 504):
                sys.exit(f"load.py: refused for good, with {status}")
            self.ledger.count("unanswered" if status is None else "refused")
            time.sleep(RETRY_SECONDS)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint-file", required=True)
    parser.add_argument("--ledger", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--keys", type=int, default=3)
    options = parser.parse_args()
    ledger = Ledger(options.ledger)
    failures = []
    end = time.monotonic() + options.seconds

    def run(number):
        try:
            Client(options, number, ledger, end).run()
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=run, args=(number,)) for number in range(options.clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger.finish()
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()

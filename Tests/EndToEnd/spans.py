"""Exports spans without end to speak of and keeps a ledger of what was acknowledged: what kill tests compare with.

  spans.py --endpoint-file FILE --ledger FILE --traces N --key KEY [--threads T] [--seed S] [--prompt TEXT]
           [--refusal-is-fine]

Each trace has three spans (an agent, a chat, a tool) that come in two requests, the agent last, as real exporters do.
The endpoint is read anew from its file before every attempt, since a restarted gateway listens on another port.
A request is sent again, byte for byte, until it is answered with 200: connection refused, connection lost in the middle
(the answer may be lost, the data may be durable), 429 and 503 are all part of the game.

The ledger gets "sent TRACE SPAN" before the first attempt and "acknowledged TRACE SPAN" after the 200.
Exits 0 when everything was acknowledged, 1 when some request was refused for good or given up.
"""

import argparse
import random
import sys
import threading
import time

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otlp import Connection

# A gateway is back within seconds; what takes longer than this is a failure to report, not to wait for.
GIVE_UP_SECONDS = 60
RETRY_SECONDS = 0.05
PROMPT_BYTES_MAX = 4000


class Ledger:
    def __init__(self, path):
        self.lock = threading.Lock()
        self.file = open(path, "a", encoding="ascii")

    def write(self, word, spans):
        with self.lock:
            self.file.writelines(f"{word} {span.trace_id.hex()} {span.span_id.hex()}\n" for span in spans)
            self.file.flush()


def attribute(span, key, value):
    item = span.attributes.add(key=key)
    if isinstance(value, int):
        item.value.int_value = value
    else:
        item.value.string_value = value


def make_span(numbers, trace_id, parent, name, attributes):
    start = time.time_ns() - numbers.randrange(1_000_000_000)
    span = Span(
        trace_id=trace_id,
        span_id=numbers.randbytes(8),
        parent_span_id=parent,
        name=name,
        kind=Span.SPAN_KIND_INTERNAL,
        start_time_unix_nano=start,
        end_time_unix_nano=start + numbers.randrange(1, 500_000_000),
    )
    for key, value in attributes.items():
        attribute(span, key, value)
    return span


def make_trace(numbers, prompt_start):
    """The two requests of one trace: first what ended first, then its root."""
    trace_id = numbers.randbytes(16)
    agent = make_span(numbers, trace_id, b"", "invoke_agent", {"gen_ai.operation.name": "invoke_agent"})
    prompt = prompt_start + "x" * numbers.randrange(PROMPT_BYTES_MAX)
    chat = make_span(
        numbers,
        trace_id,
        agent.span_id,
        "chat gpt-4o-mini",
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o-mini",
            "gen_ai.usage.input_tokens": numbers.randrange(1, 10_000),
            "gen_ai.usage.output_tokens": numbers.randrange(1, 1_000),
            "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"' + prompt + '"}]}]',
        },
    )
    tool = make_span(
        numbers,
        trace_id,
        agent.span_id,
        "execute_tool search",
        {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"},
    )
    return [[chat, tool], [agent]]


class Exporter:
    def __init__(self, options, ledger):
        self.options = options
        self.ledger = ledger
        self.connection = Connection(options.endpoint_file, timeout=10)

    def export(self, spans):
        """Sends until acknowledged; False when it was refused for good or took too long."""
        request = ExportTraceServiceRequest()
        scope = request.resource_spans.add().scope_spans.add()
        scope.scope.name = "e2e-spans"
        scope.spans.extend(spans)
        body = request.SerializeToString()
        headers = {"Content-Type": "application/x-protobuf", "Authorization": f"Bearer {self.options.key}"}
        self.ledger.write("sent", spans)
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < deadline:
            status = self.connection.attempt(body, headers)
            if status == 200:
                self.ledger.write("acknowledged", spans)
                return True
            if status not in (None, 429, 502, 503, 504):
                sys.stderr.write(f"spans.py: refused with {status}\n")
                return False
            time.sleep(RETRY_SECONDS)
        sys.stderr.write("spans.py: gave up\n")
        return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint-file", required=True)
    parser.add_argument("--ledger", required=True)
    parser.add_argument("--traces", type=int, required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--prompt", default="")
    parser.add_argument("--refusal-is-fine", action="store_true")
    options = parser.parse_args()

    ledger = Ledger(options.ledger)
    failures = []

    def run(index):
        numbers = random.Random(options.seed * 1000 + index)
        exporter = Exporter(options, ledger)
        for _ in range(index, options.traces, options.threads):
            for spans in make_trace(numbers, options.prompt):
                if not exporter.export(spans):
                    if not options.refusal_is_fine:
                        failures.append(index)
                    return

    threads = [threading.Thread(target=run, args=(index,)) for index in range(options.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()

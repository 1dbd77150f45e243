"""Sends one captured request to a gateway by every way OTLP has, each time under trace ids of its own.

    wire.py HTTP_URL GRPC_HOST:PORT REQUEST.pb

HTTP/1.1 (this program), HTTP/2 (curl), gRPC (grpcio); protobuf and JSON; every compression. Then what must fail, fails as
OTLP says. Prints one JSON object: for each way the trace ids it used, and for each wrong request what came back.
"""

import gzip
import json
import subprocess
import sys
import urllib.error
import urllib.request
import zlib

import grpc
from google.rpc import status_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

from otlp import as_json

KEY = "phc_wire"
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def zstd(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


COMPRESSIONS = {"none": bytes, "gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstd}


def renamed(path, number):
    """The request with `number` in the trace ids, and those ids."""
    request = trace_service_pb2.ExportTraceServiceRequest.FromString(open(path, "rb").read())
    ids = set()
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                span.trace_id = span.trace_id[:15] + bytes([number])
                ids.add(span.trace_id.hex())
    return request, sorted(ids)


def http1(url, body, kind, compression):
    headers = {"content-type": kind, "authorization": f"Bearer {KEY}"}
    if compression != "none":
        headers["content-encoding"] = compression
    request = urllib.request.Request(url, COMPRESSIONS[compression](body), headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def http2(url, body, kind, compression):
    command = ["curl", "-sS", "--max-time", "20", "--http2-prior-knowledge", "--data-binary", "@-", "-o", "/dev/null"]
    command += ["-w", "%{http_version} %{http_code}", "-H", f"content-type: {kind}", "-H", f"authorization: Bearer {KEY}"]
    if compression != "none":
        command += ["-H", f"content-encoding: {compression}"]
    answer = subprocess.run(
        command + [url], input=COMPRESSIONS[compression](body), stdout=subprocess.PIPE, check=True)
    version, status = answer.stdout.split()
    assert version == b"2", version
    return int(status)


def grpc_zstd(url, body):
    """A call as no client of Python's makes one: with zstd, by curl. The status of HTTP if that of gRPC is OK."""
    message = zstd(body)
    command = ["curl", "-sS", "--max-time", "20", "--http2-prior-knowledge", "--data-binary", "@-", "-i"]
    command += ["-H", "content-type: application/grpc", "-H", "te: trailers", "-H", "grpc-encoding: zstd"]
    command += ["-H", f"authorization: Bearer {KEY}", url + EXPORT]
    framed = b"\1" + len(message).to_bytes(4, "big") + message
    answer = subprocess.run(command, input=framed, stdout=subprocess.PIPE, check=True).stdout
    return 200 if b"grpc-status: 0" in answer else answer.decode(errors="replace")


def failure(call, *arguments, **options):
    """Code, message and details of a call that fails."""
    try:
        call(*arguments, **options)
        return {"code": "OK"}
    except grpc.RpcError as error:
        found = {"code": error.code().name, "message": error.details()}
        for name, value in error.trailing_metadata() or ():
            if name == "grpc-status-details-bin":
                status = status_pb2.Status.FromString(value)
                found["details"] = status.message
        return found


def main():
    url, target, path = sys.argv[1:]
    ways = {}
    number = 0
    for send in (http1, http2):
        for kind, encode in (
            ("application/x-protobuf", lambda r: r.SerializeToString()),
            ("application/json", as_json),
        ):
            for compression in COMPRESSIONS:
                number += 1
                request, ids = renamed(path, number)
                status = send(f"{url}/v1/traces", encode(request), kind, compression)
                ways[f"{send.__name__} {kind} {compression}"] = {"status": status, "traces": ids}
    channel = grpc.insecure_channel(target)
    metadata = (("authorization", f"Bearer {KEY}"),)
    stub = trace_service_pb2_grpc.TraceServiceStub(channel)
    for name, compression in (
        ("none", grpc.Compression.NoCompression),
        ("gzip", grpc.Compression.Gzip),
        ("deflate", grpc.Compression.Deflate),
    ):
        number += 1
        request, ids = renamed(path, number)
        answer = stub.Export(request, timeout=20, metadata=metadata, compression=compression)
        assert not answer.HasField("partial_success"), answer
        ways[f"grpc {name}"] = {"status": 200, "traces": ids}
    number += 1
    request, ids = renamed(path, number)
    ways["grpc zstd"] = {"status": grpc_zstd(f"http://{target}", request.SerializeToString()), "traces": ids}

    raw = channel.unary_unary(EXPORT)
    wrong = {
        "no key": failure(raw, b"", timeout=20),
        "no OTLP": failure(raw, b"\xff\xff", timeout=20, metadata=metadata),
        "too large": failure(raw, bytes(65 << 20), timeout=20, metadata=metadata),
        "no such method": failure(channel.unary_unary("/a.B/C"), b"", timeout=20, metadata=metadata),
        "empty": failure(raw, b"", timeout=20, metadata=metadata),
    }
    health = channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=20)
    print(json.dumps({"ways": ways, "wrong": wrong, "health": health.hex()}))


main()

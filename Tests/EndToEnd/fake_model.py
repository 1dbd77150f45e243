"""A model endpoint that speaks OpenAI's API and remembers exactly what it answered. Standard library only.

It listens on an ephemeral port and prints one line, "listening on http://127.0.0.1:PORT". Every answer has its own token
counts and its own marker text, so that an event can be traced back to one call:

  POST /v1/chat/completions   plain, streamed (`stream`), a tool call (`tools` offered and not yet used)
  POST /v1/embeddings
  GET  /_calls                what was answered, one JSON object a line

A prompt that contains "too many requests, please" is answered with 429. With --until-stdin-closes it ends when whoever
started it does.
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RESPONSE_MODEL = "gpt-4o-mini-2024-07-18"


class Calls:
    """The record of what was answered; handlers run in threads of their own."""

    def __init__(self):
        self.lock = threading.Lock()
        self.calls = []

    def begin(self, api, request):
        with self.lock:
            number = len(self.calls) + 1
            call = {
                "number": number,
                "api": api,
                "stream": bool(request.get("stream")),
                "request_model": request.get("model"),
                "response_model": RESPONSE_MODEL if api == "chat" else request.get("model"),
                "response_id": f"chatcmpl-{number:04d}" if api == "chat" else None,
                # Every number occurs once: primes apart, so that a sum of two calls equals no third one.
                "input_tokens": 1000 + 97 * number,
                "output_tokens": 100 + 13 * number if api == "chat" else 0,
                "cached_tokens": 64 * number if api == "chat" and number % 2 else 0,
                "marker": f"answer-marker-{number:04d}",
                "prompt": last_user_text(request),
                "tool_call_id": None,
                "finish_reason": None,
                "status": 200,
                "error": None,
            }
            self.calls.append(call)
            return call

    def lines(self):
        with self.lock:
            return "".join(json.dumps(call) + "\n" for call in self.calls)


def last_user_text(request):
    if "input" in request:
        value = request["input"]
        return value if isinstance(value, str) else " ".join(str(item) for item in value)
    texts = [m.get("content") for m in request.get("messages", []) if m.get("role") == "user"]
    return texts[-1] if texts else None


def usage(call):
    return {
        "prompt_tokens": call["input_tokens"],
        "completion_tokens": call["output_tokens"],
        "total_tokens": call["input_tokens"] + call["output_tokens"],
        "prompt_tokens_details": {"cached_tokens": call["cached_tokens"], "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


def wants_tool(request):
    return bool(request.get("tools")) and not any(m.get("role") == "tool" for m in request["messages"])


def message_of(call, request):
    """What the assistant says: a tool call where one is due, otherwise a text with the marker in it."""
    if not wants_tool(request):
        call["finish_reason"] = "stop"
        return {"role": "assistant", "content": f"Here is {call['marker']}, \"quoted\" – and żółć.", "refusal": None}
    call["finish_reason"] = "tool_calls"
    call["tool_call_id"] = f"call_{call['number']:04d}"
    function = {
        "name": request["tools"][0]["function"]["name"],
        "arguments": json.dumps({"city": f"Paris {call['marker']}"}),
    }
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": call["tool_call_id"], "type": "function", "function": function}],
    }


def chat_body(call, message):
    return {
        "id": call["response_id"],
        "object": "chat.completion",
        "created": 1795237484,
        "model": RESPONSE_MODEL,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": call["finish_reason"]}],
        "usage": usage(call),
        "system_fingerprint": "fp_fake",
    }


def chat_chunks(call, message, request):
    """The same answer as server-sent events: a chunk a word, the usage last where it was asked for."""

    def chunk(choices, **more):
        base = {
            "id": call["response_id"],
            "object": "chat.completion.chunk",
            "created": 1795237484,
            "model": RESPONSE_MODEL,
            "choices": choices,
        }
        return {**base, **more}

    yield chunk([{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}])
    for word in (message["content"] or "").split(" "):
        yield chunk([{"index": 0, "delta": {"content": word + " "}, "finish_reason": None}])
    yield chunk([{"index": 0, "delta": {}, "finish_reason": call["finish_reason"]}])
    if (request.get("stream_options") or {}).get("include_usage"):
        yield chunk([], usage=usage(call))


class Endpoint(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    calls = Calls()

    def do_GET(self):
        if self.path == "/_calls":
            self.answer(200, self.calls.lines().encode(), "application/x-ndjson")
        else:
            self.answer_json(404, {"error": {"message": "no such path", "type": "invalid_request_error"}})

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
        if self.path == "/v1/chat/completions":
            self.chat(request)
        elif self.path == "/v1/embeddings":
            self.embeddings(request)
        else:
            self.answer_json(404, {"error": {"message": "no such path", "type": "invalid_request_error"}})

    def chat(self, request):
        call = self.calls.begin("chat", request)
        if "too many requests, please" in (call["prompt"] or ""):
            call.update(status=429, error="rate_limit_exceeded", input_tokens=0, output_tokens=0, cached_tokens=0)
            error = {
                "message": f"Rate limit reached ({call['marker']})",
                "type": "requests",
                "param": None,
                "code": "rate_limit_exceeded",
            }
            self.answer_json(429, {"error": error})
            return
        message = message_of(call, request)
        if request.get("stream"):
            self.stream(chat_chunks(call, message, request))
        else:
            self.answer_json(200, chat_body(call, message))

    def embeddings(self, request):
        call = self.calls.begin("embedding", request)
        data = [{"object": "embedding", "index": 0, "embedding": [0.25, -0.5, 0.125]}]
        counts = {"prompt_tokens": call["input_tokens"], "total_tokens": call["input_tokens"]}
        self.answer_json(200, {"object": "list", "data": data, "model": request.get("model"), "usage": counts})

    def stream(self, chunks):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for chunk in chunks:
            self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
            self.wfile.flush()
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True

    def answer_json(self, status, value):
        self.answer(status, json.dumps(value).encode(), "application/json")

    def answer(self, status, body, content_type):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    server.daemon_threads = True
    sys.stdout.write(f"listening on http://127.0.0.1:{server.server_address[1]}\n")
    sys.stdout.flush()
    if "--until-stdin-closes" in sys.argv[1:]:
        threading.Thread(target=lambda: (sys.stdin.read(), server.shutdown()), daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()

"""A program as people write it: an agent that talks to OpenAI, watched by OpenTelemetry's own instrumentation.

Nothing in it knows Hoglet. Where spans go, with which key, and whether prompts are captured is decided by the standard
environment variables alone (OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS, OTEL_SEMCONV_STABILITY_OPT_IN,
OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT); OPENAI_BASE_URL names the model endpoint.

Prints one JSON object at the end: the ids a test needs to find its spans again.
"""

import json
import sys

import openai
from openai import OpenAI
from opentelemetry import trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

USER = "user-e2e"
CONVERSATION = "conversation-e2e"
WEATHER_TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def start_telemetry():
    resource = Resource.create({"service.name": "e2e-app", "service.version": "1.2.3"})
    tracers = TracerProvider(resource=resource)
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(tracers)
    loggers = LoggerProvider(resource=resource)
    loggers.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
    set_logger_provider(loggers)
    OpenAIInstrumentor().instrument(tracer_provider=tracers, logger_provider=loggers)
    return tracers, loggers


def plain_chat(client):
    messages = [
        {"role": "system", "content": "You are terse."},
        {"role": "user", "content": "prompt-marker-plain: what is the capital of France?"},
    ]
    client.chat.completions.create(model="gpt-4o-mini", messages=messages, temperature=0.25, max_tokens=77)


def streamed_chat(client):
    stream = client.chat.completions.create(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": "prompt-marker-stream: tell me a story"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    for _ in stream:
        pass


def tool_round(client, tracer):
    """The model asks for a tool, the program runs it in a span of its own, the model answers."""
    messages = [{"role": "user", "content": "prompt-marker-tool: how is the weather in Paris?"}]
    first = client.chat.completions.create(model="gpt-4o-mini", messages=messages, tools=[WEATHER_TOOL])
    wanted = first.choices[0].message.tool_calls[0]
    attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": wanted.function.name,
        "gen_ai.tool.call.id": wanted.id,
    }
    with tracer.start_as_current_span("execute_tool get_weather", attributes=attributes) as span:
        with tracer.start_as_current_span("GET", attributes={"http.request.method": "GET"}):
            result = "sunny"
        tool_span = span.get_span_context().span_id
    messages.append(first.choices[0].message.model_dump(exclude_none=True))
    messages.append({"role": "tool", "tool_call_id": wanted.id, "content": result})
    client.chat.completions.create(model="gpt-4o-mini", messages=messages, tools=[WEATHER_TOOL])
    return tool_span


def embedding(client):
    client.embeddings.create(model="text-embedding-3-small", input="prompt-marker-embedding: a text to embed")


def refused_chat(client):
    try:
        client.chat.completions.create(
            model="gpt-4o-mini",
            messages=[{"role": "user", "content": "prompt-marker-refused: too many requests, please"}],
        )
    except openai.RateLimitError:
        return
    raise SystemExit("the model endpoint should have refused this call")


def main():
    tracers, loggers = start_telemetry()
    tracer = trace.get_tracer("e2e-app")
    # One request a call: a retry would be a second answer behind the same span.
    client = OpenAI(api_key="sk-not-a-real-key", max_retries=0)
    agent = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "concierge",
        "gen_ai.conversation.id": CONVERSATION,
        "user.id": USER,
    }
    with tracer.start_as_current_span("invoke_agent concierge", attributes=agent) as root:
        context = root.get_span_context()
        plain_chat(client)
        streamed_chat(client)
        tool_span = tool_round(client, tracer)
        embedding(client)
        refused_chat(client)
    # A call with nothing around it: a trace of one generation.
    client.chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": "prompt-marker-alone: and now?"}]
    )
    # Logs first: whoever joins them to their spans has them when the root arrives.
    loggers.shutdown()
    tracers.shutdown()
    ids = {
        "trace": f"{context.trace_id:032x}",
        "root": f"{context.span_id:016x}",
        "tool": f"{tool_span:016x}",
        "user": USER,
        "conversation": CONVERSATION,
    }
    sys.stdout.write(json.dumps(ids) + "\n")


if __name__ == "__main__":
    main()

import Bytes

/// Privacy without content: what stays is what is known to be harmless, so that a property nobody thought of does not
/// leave by oversight.
///
/// Numbers and yes-or-no stay under any name. Text stays under the names below, and under those that `keep` lists. Lists
/// and objects go, but for `$groups`; the model's parameters stand beside them one by one.
extension Redactor {
  func isKept(_ bytes: ByteSpan, _ name: Slice, _ value: Slice) -> Bool {
    switch bytes[value.start] {
    case UInt8(ascii: "\""), UInt8(ascii: "{"), UInt8(ascii: "["):
      if program.keep.contains(where: { $0.matches(bytes, name) }) { return true }
      return EventNames.isHarmless(bytes, name, isText: bytes[value.start] == UInt8(ascii: "\""))
    default: return true
    }
  }
}

/// Names of properties that redaction knows.
enum EventNames {
  /// Written by the gateway, never by an application: not redacted.
  private static let written = [
    "$lib", "$lib_version", "$ai_truncated", "$ai_span_type", "$ai_is_error", "$ai_duplicate_of", "$ai_target_event_id",
    "$ai_target_event_type", "$process_person_profile", "$geoip_disable",
  ]

  private static let own = names(written)

  static func isOwn(_ bytes: ByteSpan, _ name: Slice) -> Bool { own.find(bytes, name) != nil }

  /// Names that no rule may touch: without them PostHog cannot put a trace together.
  static let untouchable = ["event", "uuid", "timestamp", "$ai_trace_id", "$ai_span_id", "$ai_parent_id"] + written

  /// Text that says what was called and how it went, not what was said. Span names are written by developers.
  private static let harmlessTexts = names([
    "$ai_provider", "$ai_model", "$ai_base_url", "$ai_response_id", "$ai_completion_id", "$ai_framework", "$ai_lib",
    "$ai_span_name", "$ai_trace_name", "$ai_session_id", "$ai_agent_id", "$ai_agent_name", "$ai_prompt_name",
    "$ai_prompt_version", "$ai_stop_reason", "$ai_finish_reason", "$ai_error_type", "$ai_tool_name",
    "$ai_tool_call_id", "$ai_reasoning_effort", "$ai_evaluation_name",
    "$ai_evaluation_label", "$ai_evaluation_result_type", "$session_id", "service.name", "service.version",
    "deployment.environment", "otel.gen_ai.operation.name", "otel.gen_ai.system", "otel.gen_ai.provider.name",
    "otel.gen_ai.request.model", "otel.gen_ai.response.model", "otel.gen_ai.output.type", "otel.gen_ai.token.type",
    "otel.gen_ai.tool.type", "otel.gen_ai.openai.api.type", "otel.openai.api.type",
    "otel.gen_ai.request.encoding_formats", "otel.gen_ai.openai.request.service_tier",
    "otel.gen_ai.openai.response.service_tier", "otel.openai.response.service_tier", "otel.error.type",
    "otel.server.address", "otel.http.request.method", "otel.network.protocol.name", "otel.network.protocol.version",
    "otel.rpc.system", "otel.resource.service.name", "otel.resource.service.version",
    "otel.resource.service.namespace", "otel.resource.deployment.environment",
    "otel.resource.deployment.environment.name", "otel.resource.cloud.provider", "otel.resource.cloud.region",
    "otel.resource.k8s.namespace.name", "otel.resource.k8s.pod.name", "otel.resource.container.id",
  ])

  private static let harmlessStructures = names(["$groups"])

  static func isHarmless(_ bytes: ByteSpan, _ name: Slice, isText: Bool) -> Bool {
    (isText ? harmlessTexts : harmlessStructures).find(bytes, name) != nil
  }

  private static func names(_ list: [String]) -> KeyTable {
    var table = KeyTable()
    for name in list { _ = table.intern(name) }
    return table
  }
}

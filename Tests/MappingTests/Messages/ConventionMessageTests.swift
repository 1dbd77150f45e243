import Testing

/// OpenTelemetry's `parts`, events, bare texts and what stands for hidden content.
@Suite struct ConventionMessageTests {
  static let parts: [MessageCase] = [
    MessageCase(
      "semconv text, a name that is null", #"[{"role":"user","parts":[{"type":"text","content":"hi"}],"name":null}]"#,
      #"{"role":"user","content":"hi"}"#),
    MessageCase(
      "semconv text and a finish reason",
      #"[{"role":"assistant","parts":[{"content":"hi","type":"text"}],"finish_reason":"stop"}]"#,
      #"{"role":"assistant","content":"hi"}"#, isOutput: true),
    MessageCase(
      "arguments as an object", calls(#"{"city":"Paris"}"#), called(#"{\"city\":\"Paris\"}"#), isOutput: true),
    MessageCase(
      "arguments as JSON text (pydantic-ai, Agent Framework)", calls(#""{\"city\": \"Paris\"}""#),
      called(#"{\"city\": \"Paris\"}"#), isOutput: true),
    MessageCase("no arguments", calls("null"), called("{}"), isOutput: true),
    MessageCase(
      "a response under the role tool",
      #"[{"role":"tool","parts":[{"type":"tool_call_response","id":"c1","response":"21C"}]}]"#,
      #"{"role":"tool","content":"21C","tool_call_id":"c1"}"#),
    MessageCase(
      "a response under the role user (Anthropic, Gemini)",
      #"[{"role":"user","parts":[{"type":"tool_call_response","id":"c1","response":{"temp":21}}]}]"#,
      #"{"role":"tool","content":"{\"temp\":21}","tool_call_id":"c1"}"#),
    MessageCase(
      "a result instead of a response (pydantic-ai)",
      #"[{"role":"user","parts":[{"type":"tool_call_response","id":"c1","name":"w","result":{"temp":21}}]}]"#,
      #"{"role":"tool","content":"{\"temp\":21}","tool_call_id":"c1","name":"w"}"#),
    MessageCase(
      "results stand before what the user says with them",
      #"[{"role":"user","parts":[{"type":"text","content":"and?"},{"type":"tool_call_response","id":"c1","response":"x"}]}]"#,
      #"{"role":"tool","content":"x","tool_call_id":"c1"},{"role":"user","content":"and?"}"#),
    MessageCase(
      "reasoning",
      #"[{"role":"assistant","parts":[{"type":"reasoning","content":"hm"},{"type":"text","content":"x"}]}]"#,
      reasoned, isOutput: true),
    MessageCase(
      "reasoning as thinking (Logfire)",
      #"[{"role":"assistant","parts":[{"type":"thinking","thinking":"hm","signature":"c2ln"},{"type":"text","content":"x"}]}]"#,
      reasoned, isOutput: true),
    MessageCase(
      "reasoning as JSON text (Traceloop, Responses)",
      #"[{"role":"assistant","parts":[{"type":"reasoning","content":"[{\"text\": \"hm\", \"type\": \"summary_text\"}]"},{"type":"text","content":"x"}]}]"#,
      reasoned, isOutput: true),
    MessageCase(
      "a tool of the provider",
      #"[{"role":"assistant","parts":[{"type":"server_tool_call","id":"s1","name":"web_search","server_tool_call":{"type":"web_search","query":"q"}},{"type":"server_tool_call_response","id":"s1","server_tool_call_response":{"type":"web_search","n":1}},{"type":"text","content":"x"}]}]"#,
      #"{"role":"assistant","content":"x","tool_calls":[{"id":"s1","type":"function","function":{"name":"web_search","arguments":"{\"type\":\"web_search\",\"query\":\"q\"}"}}]},"#
        + #"{"role":"tool","content":"{\"type\":\"web_search\",\"n\":1}","tool_call_id":"s1"}"#, isOutput: true),
    MessageCase(
      "compaction and types nobody knows stay",
      #"[{"role":"user","parts":[{"type":"compaction","content":"c"},{"type":"hologram","beam":[1,{"a":null}]}]}]"#,
      #"{"role":"user","content":[{"type":"compaction","content":"c"},{"type":"hologram","beam":[1,{"a":null}]}]}"#),
    MessageCase(
      "no parts (openai_v2 drops images)", #"[{"role":"user","parts":[]}]"#, #"{"role":"user","content":""}"#),
    MessageCase("no role", #"[{"parts":[{"type":"text","content":"x"}]}]"#, #"{"role":"user","content":"x"}"#),
    MessageCase(
      "roles",
      ["model", "ai", "human", "function", "developer", "USER"].map { #"{"role":"\#($0)","content":"x"}"# }.list,
      ["assistant", "assistant", "user", "tool", "developer", "user"].map { #"{"role":"\#($0)","content":"x"}"# }
        .joined(separator: ",")),
  ]

  static let reasoned: String =
    #"{"role":"assistant","content":[{"type":"reasoning","text":"hm"},{"type":"text","text":"x"}]}"#

  static func calls(_ arguments: String) -> String {
    #"[{"role":"assistant","parts":[{"type":"tool_call","id":"c1","name":"w","arguments":\#(arguments)}]}]"#
  }

  static func called(_ arguments: String) -> String {
    #"{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"w","arguments":"\#(arguments)"}}]}"#
  }

  @Test(arguments: parts) func `the parts of the conventions`(_ shape: MessageCase) { shape.check() }

  static let texts: [MessageCase] = [
    MessageCase("a bare text", "hello", #"{"role":"user","content":"hello"}"#),
    MessageCase("a bare answer", "hello", #"{"role":"assistant","content":"hello"}"#, isOutput: true),
    MessageCase("JSON text that is a text", #""hello""#, #"{"role":"user","content":"hello"}"#),
    MessageCase("a list of texts", #"["a","b"]"#, #"{"role":"user","content":"a"},{"role":"user","content":"b"}"#),
    MessageCase("hidden by OpenInference", "__REDACTED__", #"{"role":"user","content":"__REDACTED__"}"#),
    MessageCase("a structure that is no message", #"{"topic":"x"}"#, #"{"role":"user","content":"{\"topic\":\"x\"}"}"#),
    MessageCase("a list of nothing", "[]", ""),
    MessageCase("nothing in a list", "[null]", ""),
    MessageCase("a number", "[7]", #"{"role":"user","content":"7"}"#),
    MessageCase(
      "JSON that people write", #"[{"role":"user","content":"[{\"city\": \"Paris\"}]"}]"#,
      #"{"role":"user","content":"[{\"city\": \"Paris\"}]"}"#),
    MessageCase(
      "broken JSON", #"[{"role":"user","content":"[{\"type\":\"text\""}]"#,
      #"{"role":"user","content":"[{\"type\":\"text\""}"#),
  ]

  @Test(arguments: texts) func `texts and what is no message`(_ shape: MessageCase) { shape.check() }

  static let events: String = """
    [{"role":"system","content":"Help.","gen_ai.message.index":0,"event.name":"gen_ai.system.message"},\
    {"role":"user","content":"Hi","gen_ai.message.index":0,"event.name":"gen_ai.user.message"},\
    {"role":"assistant","content":"I look.","gen_ai.message.index":1,"event.name":"gen_ai.assistant.message"},\
    {"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"w","arguments":"{}"}}],\
    "gen_ai.message.index":1,"event.name":"gen_ai.assistant.message"},\
    {"role":"tool","content":{"temp":21},"id":"c1","name":"w","gen_ai.message.index":2,"event.name":"gen_ai.tool.message"},\
    {"index":0,"message":{"role":"assistant","content":[{"kind":"thinking","text":"hm"},{"kind":"text","text":"x"}]},\
    "event.name":"gen_ai.choice"}]
    """

  @Test func `of an event list the input is what came before the answer, and events of one index are one message`() {
    MessageCase(
      "pydantic-ai", Self.events,
      #"{"role":"system","content":"Help."},{"role":"user","content":"Hi"},"#
        + #"{"role":"assistant","content":"I look.","tool_calls":[{"id":"c1","type":"function","function":{"name":"w","arguments":"{}"}}]},"#
        + #"{"role":"tool","content":"{\"temp\":21}","tool_call_id":"c1","name":"w"}"#
    ).check()
    MessageCase("pydantic-ai", Self.events, Self.reasoned, isOutput: true).check()
  }

  static let strands: [MessageCase] = [
    MessageCase(
      "Strands", #"[{"role":"user","content":"[{\"text\": \"Weather?\"}]"}]"#, #"{"role":"user","content":"Weather?"}"#),
    MessageCase(
      "Strands, a call",
      #"[{"finish_reason":"tool_use","message":"[{\"toolUse\": {\"toolUseId\": \"c1\", \"name\": \"w\", \"input\": {\"city\": \"Paris\"}}}]"}]"#,
      called(#"{\"city\":\"Paris\"}"#), isOutput: true),
    MessageCase(
      "Strands, a result",
      #"[{"role":"tool","content":"[{\"toolResult\": {\"toolUseId\": \"c1\", \"status\": \"success\", \"content\": [{\"text\": \"21C\"}]}}]"}]"#,
      #"{"role":"tool","content":"21C","tool_call_id":"c1"}"#),
    MessageCase(
      "Strands, a cycle",
      #"[{"message":"[{\"text\": \"x\"}]","tool.result":"[{\"toolResult\": {\"toolUseId\": \"c1\", \"content\": [{\"text\": \"21C\"}]}}]"}]"#,
      #"{"role":"assistant","content":"x"},{"role":"tool","content":"21C","tool_call_id":"c1"}"#, isOutput: true),
    MessageCase(
      "Strands, plain", #"[{"message":"done\n","finish_reason":"end_turn"}]"#,
      #"{"role":"assistant","content":"done\n"}"#, isOutput: true),
    MessageCase(
      "OpenTelemetry, an event of 1.36",
      #"[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"x"}}]"#,
      #"{"role":"assistant","content":"x"}"#, isOutput: true),
    MessageCase(
      "OpenTelemetry, a choice without content",
      #"[{"index":0,"finish_reason":"stop","message":{"role":"assistant"}}]"#,
      #"{"role":"assistant","content":""}"#, isOutput: true),
  ]

  @Test(arguments: strands) func `events with their content as text or body`(_ shape: MessageCase) { shape.check() }

  @Test func `instructions come first, once`() {
    let user = #"[{"role":"user","content":"hi"}]"#
    let told = #"{"role":"system","content":"Be brief."},{"role":"user","content":"hi"}"#
    #expect(Normaliser.messages(user, instructions: #"[{"type":"text","content":"Be brief."}]"#) == "[\(told)]")
    #expect(Normaliser.messages(user, instructions: "Be brief.") == "[\(told)]")
    #expect(Normaliser.messages("[\(told)]", instructions: "Other.") == "[\(told)]")
    #expect(
      Normaliser.messages(user, instructions: #"[{"type":"text","content":"a"},{"type":"text","content":"b"}]"#)
        == #"[{"role":"system","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},{"role":"user","content":"hi"}]"#
    )
  }
}

extension [String] {
  /// A JSON list of these.
  var list: String { "[" + joined(separator: ",") + "]" }
}

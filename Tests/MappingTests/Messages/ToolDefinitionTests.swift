import Testing

/// `$ai_tools` is OpenAI's shape, whatever came.
@Suite struct ToolDefinitionTests {
  static let schema = #"{"type":"object","properties":{"city":{"type":"string"}}}"#
  static let escaped = #"{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}}}"#
  static let tool = #"{"type":"function","function":{"name":"w","description":"d","parameters":\#(schema)}}"#

  /// Where it is seen, and the definition; each is the same tool.
  static let shapes: [(String, String)] = [
    ("OpenAI", "[\(tool)]"),
    (
      "OpenAI Responses, semconv",
      #"[{"type":"function","name":"w","description":"d","strict":null,"parameters":\#(schema)}]"#
    ),
    ("Anthropic", #"[{"name":"w","description":"d","input_schema":\#(schema)}]"#),
    ("MCP, Vercel AI SDK", #"[{"name":"w","description":"d","inputSchema":\#(schema)}]"#),
    ("Gemini", #"[{"function_declarations":[{"name":"w","description":"d","parameters":\#(schema)}]}]"#),
    ("Gemini", #"[{"functionDeclarations":[{"name":"w","description":"d","parametersJsonSchema":\#(schema)}]}]"#),
    ("Bedrock", #"[{"toolSpec":{"name":"w","description":"d","inputSchema":{"json":\#(schema)}}}]"#),
    (
      "Bedrock, toolConfig",
      #"{"toolConfig":{"tools":[{"toolSpec":{"name":"w","description":"d","inputSchema":{"json":\#(schema)}}}]}}"#
    ),
    (
      "OpenInference",
      #"[{"tool":{"json_schema":"{\"type\":\"function\",\"function\":{\"name\":\"w\",\"description\":\"d\",\"parameters\":\#(escaped)}}"}}]"#
    ),
    (
      "OpenInference, Anthropic",
      #"[{"tool":{"json_schema":"{\"name\":\"w\",\"description\":\"d\",\"input_schema\":\#(escaped)}"}}]"#
    ),
    ("OpenLLMetry", #"[{"name":"w","description":"d","parameters":"\#(escaped)"}]"#),
    (
      "Vercel AI SDK, texts",
      #"["{\"type\":\"function\",\"name\":\"w\",\"description\":\"d\",\"inputSchema\":\#(escaped)}"]"#
    ),
    (
      "pydantic-ai",
      #"{"function_tools":[{"name":"w","description":"d","parameters_json_schema":\#(schema),"kind":"function"}]}"#
    ),
    ("a request", #"{"model":"m","tools":[{"name":"w","description":"d","parameters":\#(schema)}]}"#),
  ]

  @Test(arguments: shapes) func `definitions`(seen: String, input: String) {
    #expect(Normaliser.tools(input) == "[\(Self.tool)]", "\(seen)")
  }

  @Test func `names alone`() {
    #expect(Normaliser.tools(#"["w"]"#) == #"[{"type":"function","function":{"name":"w"}}]"#)
  }

  @Test func `a provider's own tool stays as it is`() {
    #expect(Normaliser.tools(#"[{"type":"web_search_preview"}]"#) == #"[{"type":"web_search_preview"}]"#)
  }

  @Test func `what is no list of tools is none`() {
    #expect(Normaliser.tools("[]") == "[]")
    #expect(Normaliser.tools("w") == "no")
  }
}

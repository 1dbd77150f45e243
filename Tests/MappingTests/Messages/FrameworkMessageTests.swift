import Testing

/// The shapes of frameworks and of instrumentations that flatten.
@Suite struct FrameworkMessageTests {
  static var call: String { ProviderMessageTests.call }
  static var calling: String { ProviderMessageTests.calling }
  static var answered: String { ProviderMessageTests.answered }
  static var reasoned: String { ConventionMessageTests.reasoned }

  static let flattened: [MessageCase] = [
    MessageCase(
      "OpenInference", #"[{"message":{"role":"user","content":"hi"}}]"#, #"{"role":"user","content":"hi"}"#),
    MessageCase(
      "OpenInference, a call that is given twice",
      #"[{"message":{"role":"assistant","contents":[{"message_content":{"type":"reasoning","text":"hm","signature":"s"}},{"message_content":{"type":"text","text":"x"}},{"message_content":{"type":"tool_use"},"tool_call":{"id":"c1","function":{"name":"w","arguments":"{\"city\":\"Paris\"}"}}}],"tool_calls":[{"tool_call":{"id":"c1","function":{"name":"w","arguments":"{\"city\":\"Paris\"}"}}}]}}]"#,
      reasoned.dropLast().description + #","tool_calls":[\#(call)]}"#, isOutput: true),
    MessageCase(
      "OpenInference, the same without ids",
      #"[{"message":{"role":"model","contents":[{"tool_call":{"function":{"name":"w","arguments":"{}"}}}],"tool_calls":[{"tool_call":{"function":{"name":"w","arguments":"{}"}}},{"tool_call":{"function":{"name":"w","arguments":"{}"}}}]}}]"#,
      #"{"role":"assistant","content":null,"tool_calls":[{"id":"","type":"function","function":{"name":"w","arguments":"{}"}},{"id":"","type":"function","function":{"name":"w","arguments":"{}"}}]}"#,
      isOutput: true),
    MessageCase(
      "OpenInference, a text beside its parts",
      #"[{"message":{"role":"assistant","contents":[{"message_content":{"type":"text","text":"x"}}],"content":"x"}}]"#,
      #"{"role":"assistant","content":"x"}"#, isOutput: true),
    MessageCase(
      "OpenInference, a result", #"[{"message":{"role":"tool","content":"21C","tool_call_id":"c1"}}]"#, answered),
    MessageCase(
      "OpenInference, an image",
      #"[{"message":{"role":"user","contents":[{"message_content":{"type":"image","image":{"image":{"url":"https://e.x/a.png"}}}}]}}]"#,
      #"{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://e.x/a.png"}}]}"#),
    MessageCase(
      "OpenLLMetry",
      #"[{"role":"assistant","finish_reason":"tool_calls","tool_calls":[{"id":"c1","name":"w","arguments":"{\"city\":\"Paris\"}"}]}]"#,
      calling, isOutput: true),
    MessageCase(
      "OpenLLMetry, reasoning",
      #"[{"role":"assistant","content":"x","reasoning":"[{\"text\": \"hm\", \"type\": \"summary_text\"}]"}]"#, reasoned,
      isOutput: true),
    MessageCase(
      "OpenLLMetry, embeddings", #"[{"content":"a"},{"content":"b"}]"#,
      #"{"role":"user","content":"a"},{"role":"user","content":"b"}"#),
    MessageCase(
      "LiteLLM", #"[{"function_call":{"name":"w","arguments":"{\"city\":\"Paris\"}"}}]"#,
      calling.replacing("c1", with: ""), isOutput: true),
  ]

  @Test(arguments: flattened) func `flattened attributes, gathered`(_ shape: MessageCase) { shape.check() }

  static let langChain: [MessageCase] = [
    MessageCase(
      "LangChain, serialised",
      #"{"messages":[[{"lc":1,"type":"constructor","id":["langchain","schema","messages","SystemMessage"],"kwargs":{"content":"s","type":"system"}},{"lc":1,"type":"constructor","id":["x","HumanMessage"],"kwargs":{"content":"hi"}}]]}"#,
      #"{"role":"system","content":"s"},{"role":"user","content":"hi"}"#),
    MessageCase(
      "LangChain, generations",
      #"{"generations":[[{"text":"","type":"ChatGeneration","generation_info":{"finish_reason":"tool_calls"},"message":{"lc":1,"type":"constructor","id":["x","AIMessage"],"kwargs":{"content":"","type":"ai","tool_calls":[{"name":"w","args":{"city":"Paris"},"id":"c1","type":"tool_call"}],"invalid_tool_calls":[],"additional_kwargs":{"tool_calls":[{"id":"c1","type":"function","function":{"name":"w","arguments":"{}"}}]}}}}]],"llm_output":{}}"#,
      calling.replacing("null", with: #""""#), isOutput: true),
    MessageCase(
      "LangChain, dumped", #"{"messages":[{"type":"human","data":{"content":"hi","type":"human","name":null}}]}"#,
      #"{"role":"user","content":"hi"}"#),
    MessageCase(
      "LangChain, flat",
      #"{"output":{"content":"21C","type":"tool","name":"w","tool_call_id":"c1","id":"m1","status":"success"}}"#,
      #"{"role":"tool","content":"21C","tool_call_id":"c1","name":"w"}"#, isOutput: true),
    MessageCase(
      "LangGraph, an update",
      #"{"output":[{"graph":null,"goto":[],"update":{"messages":[{"content":"x","type":"ai","additional_kwargs":{"reasoning_content":"hm"}}]}}]}"#,
      reasoned, isOutput: true),
    MessageCase(
      "LangChain, a prompt",
      #"{"lc":1,"type":"constructor","id":["x","ChatPromptValue"],"kwargs":{"messages":[{"lc":1,"type":"constructor","id":["x","HumanMessage"],"kwargs":{"content":"hi"}}]}}"#,
      #"{"role":"user","content":"hi"}"#),
    MessageCase(
      "Langfuse, tools among the messages",
      #"[{"role":"tool","content":{"type":"function","function":{"name":"w","description":"d","parameters":{}}}}]"#,
      #"{"role":"tool","content":"{\"type\":\"function\",\"function\":{\"name\":\"w\",\"description\":\"d\",\"parameters\":{}}}"}"#
    ),
  ]

  @Test(arguments: langChain) func `LangChain`(_ shape: MessageCase) { shape.check() }

  static let frameworks: [MessageCase] = [
    MessageCase(
      "Vercel AI SDK",
      #"[{"role":"user","content":[{"type":"text","text":"hi"}]},{"role":"assistant","content":[{"type":"tool-call","toolCallId":"c1","toolName":"w","input":{"city":"Paris"}}]},{"role":"tool","content":[{"type":"tool-result","toolCallId":"c1","toolName":"w","output":{"type":"text","value":"21C"}}]}]"#,
      #"{"role":"user","content":"hi"},\#(calling),\#(answered.dropLast()),"name":"w"}"#),
    MessageCase(
      "Vercel AI SDK 4",
      #"[{"role":"assistant","content":[{"type":"reasoning","text":"hm"},{"type":"text","text":"x"}]},{"role":"assistant","content":[{"type":"tool-call","toolCallId":"c1","toolName":"w","args":{"city":"Paris"}}]},{"role":"tool","content":[{"type":"tool-result","toolCallId":"c1","toolName":"w","result":{"temp":21}}]}]"#,
      #"\#(reasoned),\#(calling),{"role":"tool","content":"{\"temp\":21}","tool_call_id":"c1","name":"w"}"#),
    MessageCase(
      "Vercel AI SDK, a prompt", #"{"system":"s","messages":[{"role":"user","content":"hi"}]}"#,
      #"{"role":"system","content":"s"},{"role":"user","content":"hi"}"#),
    MessageCase("Vercel AI SDK, a prompt of one text", #"{"prompt":"hi"}"#, #"{"role":"user","content":"hi"}"#),
    MessageCase(
      "Vercel AI SDK, calls", #"[{"toolCallId":"c1","toolName":"w","input":{"city":"Paris"}}]"#, calling, isOutput: true
    ),
    MessageCase(
      "Vercel AI SDK, ai.response.* gathered",
      #"{"finishReason":"tool-calls","text":"x","toolCalls":"[{\"toolCallId\":\"c1\",\"toolName\":\"w\",\"input\":{\"city\":\"Paris\"}}]","id":"r"}"#,
      #"{"role":"assistant","content":"x","tool_calls":[\#(call)]}"#, isOutput: true),
    MessageCase(
      "Vercel AI SDK, ai.response.* with reasoning",
      #"{"finishReason":"stop","text":"x","reasoning":"[{\"type\":\"reasoning\",\"text\":\"hm\"}]"}"#, reasoned,
      isOutput: true),
    MessageCase(
      "Genkit",
      #"[{"role":"model","content":[{"toolRequest":{"ref":"c1","name":"w","input":{"city":"Paris"}}}]},{"role":"tool","content":[{"toolResponse":{"ref":"c1","name":"w","output":"21C"}}]},{"role":"user","content":[{"media":{"url":"https://e.x/a.png","contentType":"image/png"}}]}]"#,
      #"\#(calling),\#(answered.dropLast()),"name":"w"},{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://e.x/a.png"}}]}"#
    ),
    MessageCase(
      "smolagents, roles of its own",
      #"[{"role":"tool-call","content":"Calling"},{"role":"tool-response","content":"21C"}]"#,
      #"{"role":"assistant","content":"Calling"},{"role":"tool","content":"21C"}"#),
    MessageCase(
      "pydantic-ai, its own messages",
      #"[{"kind":"request","parts":[{"part_kind":"system-prompt","content":"s"},{"part_kind":"user-prompt","content":["hi",{"kind":"image-url","url":"https://e.x/a.png"}]}]},{"kind":"response","parts":[{"part_kind":"thinking","content":"hm"},{"part_kind":"text","content":"x"},{"part_kind":"tool-call","tool_name":"w","args":"{\"city\":\"Paris\"}","tool_call_id":"c1"}]},{"kind":"request","parts":[{"part_kind":"tool-return","tool_name":"w","content":"21C","tool_call_id":"c1"},{"part_kind":"retry-prompt","content":"again"}]}]"#,
      #"{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"hi"},{"type":"image_url","image_url":{"url":"https://e.x/a.png"}}]},"#
        + reasoned.dropLast()
        + #","tool_calls":[\#(call)]},\#(answered.dropLast()),"name":"w"},{"role":"user","content":"again"}"#),
    MessageCase(
      "Haystack",
      #"{"replies":[{"role":"assistant","meta":{},"name":null,"content":[{"text":"x"},{"tool_call":{"tool_name":"w","arguments":{"city":"Paris"},"id":"c1"}}]}]}"#,
      #"{"role":"assistant","content":"x","tool_calls":[\#(call)]}"#, isOutput: true),
    MessageCase(
      "Haystack, a result",
      #"[{"_role":"tool","_content":[{"tool_call_result":{"result":"21C","origin":{"tool_name":"w","arguments":{},"id":"c1"},"error":false}}],"_name":null,"_meta":{}}]"#,
      #"\#(answered.dropLast()),"name":"w"}"#),
    MessageCase(
      "LiveKit",
      #"{"items":[{"type":"message","role":"system","content":["s",{"type":"cache_breakpoint"}]},{"type":"agent_config_update","instructions":"s"},{"type":"message","role":"user","content":["hi"]},{"type":"function_call","id":"i/0","call_id":"c1","name":"w","arguments":"{\"city\":\"Paris\"}"},{"type":"function_call_output","name":"w","call_id":"c1","output":"21C","is_error":false}]}"#,
      #"{"role":"system","content":"s"},{"role":"user","content":"hi"},\#(calling),\#(answered.dropLast()),"name":"w"}"#
    ),
    MessageCase(
      "LiveKit, calls of an answer",
      #"[{"id":"i/0","call_id":"c1","arguments":"{\"city\":\"Paris\"}","name":"w","extra":{},"group_id":null}]"#,
      calling, isOutput: true),
  ]

  @Test(arguments: frameworks) func `what frameworks say`(_ shape: MessageCase) { shape.check() }
}

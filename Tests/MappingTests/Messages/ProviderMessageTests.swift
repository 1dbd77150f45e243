import Testing

/// The shapes of the providers' own interfaces.
@Suite struct ProviderMessageTests {
  static let call: String = #"{"id":"c1","type":"function","function":{"name":"w","arguments":"{\"city\":\"Paris\"}"}}"#
  static let calling: String = #"{"role":"assistant","content":null,"tool_calls":[\#(call)]}"#
  static let answered: String = #"{"role":"tool","content":"21C","tool_call_id":"c1"}"#

  static let openAI: [MessageCase] = [
    MessageCase(
      "OpenAI chat",
      #"[{"role":"system","content":"s"},{"role":"assistant","content":null,"tool_calls":[\#(call)]},{"role":"tool","tool_call_id":"c1","content":"21C"}]"#,
      #"{"role":"system","content":"s"},\#(calling),\#(answered)"#),
    MessageCase(
      "OpenAI chat, a request", #"{"model":"m","messages":[{"role":"user","content":"hi"}],"tools":[]}"#,
      #"{"role":"user","content":"hi"}"#),
    MessageCase(
      "OpenAI chat, an answer",
      #"{"id":"r","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"x","refusal":null,"annotations":[]}}],"usage":{"n":1}}"#,
      #"{"role":"assistant","content":"x"}"#, isOutput: true),
    MessageCase(
      "OpenAI, a refusal", #"[{"role":"assistant","content":null,"refusal":"No."}]"#,
      #"{"role":"assistant","content":"No."}"#, isOutput: true),
    MessageCase(
      "OpenAI completions", #"{"choices":[{"text":"x","index":0,"logprobs":null,"finish_reason":"stop"}]}"#,
      #"{"role":"assistant","content":"x"}"#, isOutput: true),
    MessageCase(
      "OpenAI, the call of 2023",
      #"[{"role":"assistant","content":null,"function_call":{"name":"w","arguments":"{\"city\":\"Paris\"}"}}]"#,
      calling.replacing("c1", with: ""), isOutput: true),
    MessageCase(
      "DeepSeek", #"[{"role":"assistant","content":"x","reasoning_content":"hm"}]"#, ConventionMessageTests.reasoned,
      isOutput: true),
    MessageCase(
      "OpenAI Responses, a request", #"{"model":"m","instructions":"Be brief.","input":"hi"}"#,
      #"{"role":"system","content":"Be brief."},{"role":"user","content":"hi"}"#),
    MessageCase(
      "OpenAI Responses, items",
      #"[{"role":"user","content":[{"type":"input_text","text":"hi"}]},{"type":"reasoning","id":"rs_1","summary":[]},{"type":"function_call","id":"fc_1","call_id":"c1","name":"w","arguments":"{\"city\":\"Paris\"}"},{"type":"function_call_output","call_id":"c1","output":"21C"}]"#,
      #"{"role":"user","content":"hi"},\#(calling),\#(answered)"#),
    MessageCase(
      "OpenAI Responses, an answer",
      #"{"object":"response","instructions":"Be brief.","output":[{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}]},{"type":"message","id":"m","role":"assistant","status":"completed","content":[{"type":"output_text","text":"x","annotations":[]}]}],"reasoning":{"effort":"low"},"text":{"format":{"type":"text"}}}"#,
      ConventionMessageTests.reasoned, isOutput: true),
    MessageCase(
      "OpenAI Responses, a text and then two calls",
      #"[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"x"}]},{"type":"function_call","call_id":"c1","name":"w","arguments":"{}"},{"type":"function_call","call_id":"c2","name":"w","arguments":"{}"}]"#,
      #"{"role":"assistant","content":"x","tool_calls":[{"id":"c1","type":"function","function":{"name":"w","arguments":"{}"}},{"id":"c2","type":"function","function":{"name":"w","arguments":"{}"}}]}"#,
      isOutput: true),
    MessageCase(
      "OpenAI Responses, a search of its own",
      #"[{"type":"web_search_call","id":"ws_1","status":"completed","action":{"query":"q"}}]"#,
      #"{"role":"assistant","content":null,"tool_calls":[{"id":"ws_1","type":"function","function":{"name":"web_search","arguments":"{\"query\":\"q\"}"}}]}"#,
      isOutput: true),
  ]

  @Test(arguments: openAI) func `OpenAI`(_ shape: MessageCase) { shape.check() }

  static let anthropic: [MessageCase] = [
    MessageCase(
      "Anthropic, a request",
      #"{"model":"m","system":[{"type":"text","text":"Help."}],"messages":[{"role":"user","content":"hi"}]}"#,
      #"{"role":"system","content":"Help."},{"role":"user","content":"hi"}"#),
    MessageCase(
      "Anthropic, an answer",
      #"{"type":"message","role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"c2ln"},{"type":"text","text":"x","citations":null}],"stop_reason":"end_turn"}"#,
      ConventionMessageTests.reasoned, isOutput: true),
    MessageCase(
      "Anthropic, blocks alone",
      #"[{"type":"text","text":"x"},{"type":"tool_use","id":"c1","name":"w","input":{"city":"Paris"}}]"#,
      #"{"role":"assistant","content":"x","tool_calls":[\#(call)]}"#, isOutput: true),
    MessageCase(
      "Anthropic, blocks as JSON text (Traceloop to 0.53)",
      #"[{"role":"assistant","content":"[{\"thinking\": \"hm\", \"type\": \"thinking\"}, {\"text\": \"x\", \"type\": \"text\"}]"},{"role":"user","content":"[{\"type\": \"tool_result\", \"tool_use_id\": \"c1\", \"content\": \"21C\"}]"}]"#,
      #"\#(ConventionMessageTests.reasoned),\#(answered)"#),
    MessageCase(
      "Anthropic, reasoning as a role (Traceloop to 0.53)",
      #"[{"role":"thinking","content":"hm","finish_reason":"tool_use"},{"role":"assistant","content":"x"}]"#,
      ConventionMessageTests.reasoned, isOutput: true),
    MessageCase(
      "Anthropic, a result of blocks",
      #"[{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":[{"type":"text","text":"21C"}]}]}]"#,
      answered),
    MessageCase(
      "Anthropic, a search of its own",
      #"[{"role":"assistant","content":[{"type":"server_tool_use","id":"s1","name":"web_search","input":{"query":"q"}},{"type":"web_search_tool_result","tool_use_id":"s1","content":[{"type":"web_search_result","title":"t","url":"u"}]},{"type":"text","text":"x"}]}]"#,
      #"{"role":"assistant","content":"x","tool_calls":[{"id":"s1","type":"function","function":{"name":"web_search","arguments":"{\"query\":\"q\"}"}}]},"#
        + #"{"role":"tool","content":"[{\"type\":\"web_search_result\",\"title\":\"t\",\"url\":\"u\"}]","tool_call_id":"s1"}"#,
      isOutput: true),
  ]

  @Test(arguments: anthropic) func `Anthropic`(_ shape: MessageCase) { shape.check() }

  static let others: [MessageCase] = [
    MessageCase(
      "Gemini, a request",
      #"{"contents":[{"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":[{"functionCall":{"id":"c1","name":"w","args":{"city":"Paris"}}}]},{"role":"user","parts":[{"functionResponse":{"id":"c1","name":"w","response":{"result":"21C"}}}]}],"system_instruction":{"role":"user","parts":[{"text":"Be brief."}]}}"#,
      #"{"role":"system","content":"Be brief."},{"role":"user","content":"hi"},\#(calling),{"role":"tool","content":"{\"result\":\"21C\"}","tool_call_id":"c1","name":"w"}"#
    ),
    MessageCase(
      "Gemini, snake case without ids",
      #"{"contents":[{"role":"model","parts":[{"function_call":{"name":"w","args":{"city":"Paris"}}}]}]}"#,
      calling.replacing("c1", with: "")),
    MessageCase("Gemini, a text for contents", #"{"model":"m","contents":"hi"}"#, #"{"role":"user","content":"hi"}"#),
    MessageCase(
      "Gemini, an answer",
      #"{"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"x"}],"role":"model"},"finish_reason":"STOP","index":0}],"usage_metadata":{}}"#,
      ConventionMessageTests.reasoned, isOutput: true),
    MessageCase(
      "Bedrock, content alone", #"[{"text":"x"},{"toolUse":{"toolUseId":"c1","name":"w","input":{"city":"Paris"}}}]"#,
      #"{"role":"assistant","content":"x","tool_calls":[\#(call)]}"#, isOutput: true),
    MessageCase(
      "Bedrock, a result",
      #"[{"role":"user","content":[{"toolResult":{"toolUseId":"c1","content":[{"text":"21C"}],"status":"success"}}]}]"#,
      answered),
    MessageCase(
      "Bedrock, a result that is a structure",
      #"[{"role":"user","content":[{"toolResult":{"toolUseId":"c1","content":[{"json":{"temp":21}}]}}]}]"#,
      #"{"role":"tool","content":"[{\"json\":{\"temp\":21}}]","tool_call_id":"c1"}"#),
    MessageCase(
      "Bedrock, an answer",
      #"{"output":{"message":{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"hm","signature":"s"}}},{"text":"x"}]}},"stopReason":"end_turn"}"#,
      ConventionMessageTests.reasoned, isOutput: true),
    MessageCase(
      "Bedrock, an event", #"[{"index":0,"message":{"role":"assistant","content":[{"text":"x"}]}}]"#,
      #"{"role":"assistant","content":"x"}"#, isOutput: true),
  ]

  @Test(arguments: others) func `Gemini and Bedrock`(_ shape: MessageCase) { shape.check() }
}

import Testing

@testable import Mapping

/// Messages that mean harm: nothing traps, nothing takes longer than it is long, and a person still sees something.
@Suite struct HostileMessageTests {
  static let wrappings = [
    ("[", "]"), (#"{"message":"#, "}"), (#"{"input":"#, "}"), (#"{"output":["#, "]}"), (#"{"content":"#, "}"),
    (#"{"lc":1,"kwargs":"#, "}"), (#"{"type":"human","data":"#, "}"), (#"{"tool_call":"#, "}"),
    (#"{"message_content":"#, "}"), (#"{"toolResult":"#, "}"), (#"{"reasoningContent":{"reasoningText":"#, "}}"),
    (#"{"part_kind":"user-prompt","content":["#, "]}"), (#"{"role":"user","content":["#, "]}"),
    (#"{"image":"#, "}"), (#"{"type":"x","value":"#, "}"), (#"{"messages":"#, "}"), (#"{"parts":["#, "]}"),
    (#"{"type":"tool_result","content":{"type":"json","value":"#, "}}"), (#"{"additional_kwargs":"#, "}"),
  ]

  @Test(arguments: wrappings) func `depth is no danger`(opening: String, closing: String) {
    for depth in [3, 24, 30, 60, 200] {
      let text =
        String(repeating: opening, count: depth) + #""x""# + String(repeating: closing, count: depth)
      let out = Normaliser.messages(text)
      #expect(out.hasPrefix("[") && out.hasSuffix("]"))
    }
  }

  @Test func `text in text in text is no danger`() {
    var text = #"[{"type":"text","text":"x"}]"#
    for _ in 0..<12 {
      let inner = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
      text = #"[{"type":"user-prompt","content":"\#(inner)"}]"#
    }
    #expect(Normaliser.messages(text).hasPrefix(#"[{"role":"user""#))
  }

  static let many: [(String, String)] = [
    ("calls of one id", #"[{"role":"assistant","tool_calls":[ELEMENTS]}]"#),
    ("parts alone", "[ELEMENTS]"),
  ]
  static let elements = [
    #"{"id":"c","type":"function","function":{"name":"w","arguments":"{}"}}"#,
    #"{"type":"function_call","call_id":"c","name":"w"}"#, #"{"type":"reasoning","summary":"x"}"#,
    #"{"type":"text","text":"x"}"#, #"{"role":"assistant","content":[{"type":"thinking","thinking":"x"}]}"#,
    #"{"event.name":"gen_ai.assistant.message","role":"assistant","content":"x","gen_ai.message.index":0}"#,
  ]

  /// In a debug build 10,000 of each take well under a second; were it quadratic, minutes.
  @Test(.timeLimit(.minutes(5)), arguments: many.map(\.1), elements)
  func `many are no danger`(list: String, element: String) {
    let elements = Array(repeating: element, count: 10_000).joined(separator: ",")
    #expect(Normaliser.messages(list.replacing("ELEMENTS", with: elements)).utf8.count > 10)
  }

  @Test func `the same id twice is one call`() {
    let call = #"{"id":"c","type":"function","function":{"name":"w","arguments":"{}"}}"#
    let out = Normaliser.messages(#"[{"role":"assistant","tool_calls":[\#(call),\#(call)]}]"#)
    #expect(out.ranges(of: #""id":"c""#).count == 1)
  }

  @Test func `more JSON inside text than the tape holds stays text`() {
    let blocks =
      "[" + Array(repeating: #"{\"type\":\"text\",\"text\":\"x\"}"#, count: 100_000).joined(separator: ",") + "]"
    let out = Normaliser.messages(#"[{"role":"user","content":"\#(blocks)"}]"#)
    #expect(out.hasPrefix(#"[{"role":"user","content":"[{\"type\""#))
  }

  @Test func `roles that would break out stay inside`() {
    #expect(Normaliser.messages(#"[{"role":"a\"b","content":"x"}]"#) == #"[{"role":"user","content":"x"}]"#)
  }

  @Test func `every word has its place`() {
    #expect(Word.allCases.count <= Members.wordsMax && Word.spellings.count < 255)
    #expect(Set(Word.spellings.map(\.0)).count == Word.spellings.count)
    #expect(Set(Word.spellings.map(\.1.rawValue)).count == Word.allCases.count)
  }
}

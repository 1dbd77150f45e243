import Bytes
import Testing

@testable import Mapping

/// What real SDKs sent: whatever the shape, nothing a person looks for may be lost.
@Suite struct CapturedMessageTests {
  @Test func `there are captures`() {
    #expect(CapturedMessages.all.count > 400)
  }

  @Test func `messages have a role and content`() throws {
    for captured in CapturedMessages.all {
      for isOutput in [false, true] {
        let text = Array(Normaliser.messages(captured.json, isOutput: isOutput).utf8)
        var tape = JSONTape()
        let root = try tape.parse(text.span, Slice(0, text.count))
        #expect(tape.nodes[root].kind == .array)
        for child in tape.children(of: root) {
          let names = Self.names(child, tape, text)
          #expect(names.isSuperset(of: ["role", "content"]), "\(captured.place): \(captured.json)")
          #expect(names.isSubset(of: ["role", "content", "tool_calls", "tool_call_id", "name"]), "\(captured.place)")
        }
      }
    }
  }

  private static func names(_ object: Int, _ tape: JSONTape, _ bytes: [UInt8]) -> Set<String> {
    Set(tape.children(of: object).map { bytes.span.string(tape.nodes[$0].key) })
  }

  @Test func `every answer, every call and every question comes out`() {
    for captured in CapturedMessages.all {
      let out =
        Normaliser.messages(captured.json, isOutput: true) + Normaliser.messages(captured.json, isOutput: false)
      for word in Self.words(captured.json) { #expect(out.contains(word), "\(captured.place): \(word)") }
    }
  }

  @Test func `no message calls the same twice`() {
    for captured in CapturedMessages.all {
      let out = Normaliser.messages(captured.json, isOutput: true)
      for calls in out.split(separator: "\"tool_calls\":[").dropFirst() {
        let own = calls.split(separator: "}}]").first ?? calls
        let ids = own.split(separator: "{\"id\":\"").map { $0.prefix { $0 != "\"" } }.filter { $0.contains("_mk") }
        #expect(Set(ids).count == ids.count, "\(captured.place): \(out)")
      }
    }
  }

  /// A list goes by the short way where it can; inside an object it never does.
  @Test func `the short way writes what the long way does`() {
    for captured in CapturedMessages.all where captured.json.hasPrefix("[") {
      let long = Normaliser.messages("{\"messages\":\(captured.json)}")
      #expect(Normaliser.messages(captured.json) == long, "\(captured.place)")
    }
  }

  /// Markers of answers, ids of calls, and what the user asked.
  private static func words(_ json: String) -> Set<String> {
    var words = Set<String>()
    for (start, length) in [("marker-", 4), ("call_mk", 4), ("toolu_mk", 4)] {
      for range in json.ranges(of: start) {
        let end = json.index(range.upperBound, offsetBy: length, limitedBy: json.endIndex) ?? json.endIndex
        words.insert(String(json[range.lowerBound..<end]))
      }
    }
    // Gemini's answers tell how they came about; that is no part of what was said.
    if json.contains("automatic_function_calling_history") { return words }
    for question in ["Weather in Paris?", "Capital of France?", "What is this?"] where json.contains(question) {
      words.insert(question)
    }
    return words
  }
}

import Foundation
import Gateway
import Testing

/// Every capture of a real SDK against what the model endpoint really answered. No capture is left out.
@Suite struct TruthTests {
  @Test(arguments: FixtureCase.captures)
  func `every call comes out once, with its tokens, its error and its content`(_ fixture: FixtureCase) throws {
    let check = try Self.check(fixture)
    for wrong in check.wrong { Issue.record("\(fixture.name): \(wrong.field.rawValue): \(wrong.message)") }
  }

  @Test func `there are captures, and each has its truth`() {
    #expect(FixtureCase.captures.count >= 52)
  }

  /// The check itself: an event too many, a token too many, a lost answer are each seen.
  @Test func `what is wrong is found`() throws {
    let fixture = try #require(FixtureCase.captures.first { $0.name.hasSuffix("otel-genai-openai-latest-SPAN_ONLY") })
    let truth = try #require(Truth("\(fixture.path)/truth.json"))
    let events = try Self.events(fixture)
    let sent = SentSpans(fixture)
    let place = try #require(events.firstIndex { $0["event"] as? String == "$ai_generation" })
    func wrong(_ change: (inout [[String: Any]]) -> Void) -> Set<TruthField> {
      var changed = events
      change(&changed)
      return Set(TruthCheck(truth, changed, sent).wrong.map(\.field))
    }
    func set(_ name: String, _ value: Any?) -> Set<TruthField> {
      wrong { events in
        var properties = events[place]["properties"] as? [String: Any] ?? [:]
        properties[name] = value
        events[place]["properties"] = properties
      }
    }
    #expect(wrong { $0.append($0[place]) } == [.once])
    #expect(wrong { $0.remove(at: place) }.contains(.once))
    #expect(set("$ai_input_tokens", 1) == [.input])
    #expect(set("$ai_output_tokens", nil) == [.output])
    #expect(set("$ai_model", "other") == [.model])
    #expect(set("$ai_is_error", true) == [.error])
    #expect(set("$ai_output_choices", [["role": "assistant", "content": ""]]) == [.answer])
    #expect(set("$ai_input", nil) == [.prompt])
  }

  /// `HOGLET_REWRITE=1` writes the page anew.
  @Test func `docs/coverage.md tells what was counted`() throws {
    let page = try Coverage.page(FixtureCase.captures)
    let path = "\(FixtureFolder.root.dropLast("/Fixtures".count))/docs/coverage.md"
    if FixtureFolder.isRewriting { FixtureFolder.write(path, Array(page.utf8)) }
    let isSame = String(decoding: FixtureFolder.read(path), as: UTF8.self) == page
    #expect(isSame, "HOGLET_REWRITE=1 ./test.sh --filter TruthTests writes docs/coverage.md anew")
  }

  static func check(_ fixture: FixtureCase) throws -> TruthCheck {
    let truth = try #require(Truth("\(fixture.path)/truth.json"))
    return TruthCheck(truth, try events(fixture), SentSpans(fixture))
  }

  static func events(_ fixture: FixtureCase) throws -> [[String: Any]] {
    try fixture.events(fixture.requests).map { event in
      try #require(JSONSerialization.jsonObject(with: Data(event)) as? [String: Any])
    }
  }
}

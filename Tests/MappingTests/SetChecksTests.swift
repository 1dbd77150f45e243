import Testing

@testable import Mapping

@Suite struct SetChecksTests {
  private func condition(_ text: String) throws -> Condition {
    let files = try MappingFixtures.examples(with: "traceloop.yaml", "dialect: traceloop\nmatch: \(text)\n")
    let (set, diagnostics) = MappingReader.read(files: files)
    #expect(diagnostics.allSatisfy { $0.severity != .error }, "\(Diagnostic.render(diagnostics))")
    return try #require(set.dialects.first { $0.name.value == "traceloop" }?.match)
  }

  @Test(arguments: [
    ("a", "a"), ("a", "[a, b]"), ("[b, a]", "[a, b, c]"), ("{all: [a, b]}", "a"), ("{all: [a, b]}", "[b, c]"),
    ("{a: x}", "a"), ("{a: x}", "{a: [x, y]}"), ("{a: x, b: y}", "{a: x}"), ("{a: xyz}", "{a: {prefix: x}}"),
    ("{a: {prefix: xy}}", "{a: {prefix: [x, z]}}"), ("{a: {suffix: x}}", "a"), ("{a: {below: 2}}", "a"),
    ("{all: [a, b, c]}", "{all: [c, a]}"), ("{not: [a, b]}", "{not: a}"), ("[{a: x}, {a: y}]", "{a: [x, y]}"),
    ("{all: [[a, b], c]}", "[a, b]"),
  ])
  func `a narrower condition implies a wider one`(narrow: String, wide: String) throws {
    #expect(Implication.holds(from: try condition(narrow), to: try condition(wide)))
  }

  @Test(arguments: [
    ("a", "b"), ("[a, b]", "a"), ("a", "{all: [a, b]}"), ("a", "{a: x}"), ("{a: [x, y]}", "{a: x}"),
    ("{a: {prefix: x}}", "{a: {prefix: xy}}"), ("{a: x}", "b"), ("{not: a}", "{not: [a, b]}"), ("{not: a}", "a"),
    ("{a: {at_least: 1}}", "{a: {at_least: 2}}"), ("a", "resource:a"), ("a.b", "a.*"),
  ])
  func `other conditions do not`(one: String, other: String) throws {
    #expect(!Implication.holds(from: try condition(one), to: try condition(other)))
  }

  @Test func `conditions built to cost are given up, not waited for`() {
    func nested(_ depth: Int, _ leaf: String) -> Condition {
      if depth == 0 { return .present(Path(name: leaf)) }
      let inner = (0..<4).map { nested(depth - 1, "\(leaf)\($0)") }
      return depth % 2 == 0 ? .all(inner) : .any(inner)
    }
    #expect(!Implication.holds(from: nested(6, "a"), to: nested(7, "b")))
  }

  @Test(arguments: [
    ("kitten", "sitting", 3), ("", "abc", 3), ("abc", "abc", 0), ("ab", "ba", 1), ("abcd", "acbd", 1), ("é", "e", 1),
  ])
  func `distances count single slips`(one: String, other: String, distance: Int) {
    #expect(Suggestion.distance(Array(one.unicodeScalars), Array(other.unicodeScalars)) == distance)
    #expect(Suggestion.distance(Array(other.unicodeScalars), Array(one.unicodeScalars)) == distance)
  }

  @Test func `only near names are suggested`() {
    let names = ["$ai_input_tokens", "$ai_output_tokens", "from"]
    #expect(Suggestion.nearest(to: "$ai_input_token", of: names) == "$ai_input_tokens")
    #expect(Suggestion.nearest(to: "form", of: names) == "from")
    #expect(Suggestion.nearest(to: "zebra", of: names) == nil)
    let long = String(repeating: "a", count: ReadingLimits.suggestedNameMax)
    #expect(Suggestion.nearest(to: long, of: [String(long.dropLast())]) != nil)
    #expect(Suggestion.nearest(to: long + "a", of: [long]) == nil)
  }
}

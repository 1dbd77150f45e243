import Testing

@testable import Mapping

@Suite struct PathNotationTests {
  @Test(arguments: [
    ("gen_ai.request.model", Path(name: "gen_ai.request.model")),
    ("genkit:type", Path(name: "genkit:type")),
    ("genkit:metadata:subtype", Path(name: "genkit:metadata:subtype")),
    ("attribute:span:x", Path(name: "span:x")),
    ("resource:service.name", Path(place: .resource, name: "service.name")),
    ("resource:a#/b", Path(place: .resource, name: "a", pointer: ["b"])),
    ("scope:name", Path(place: .scope, name: "name")),
    ("scope:any.attribute", Path(place: .scope, name: "any.attribute")),
    ("span:status_message", Path(place: .span, name: "status_message")),
    ("event:gen_ai.choice", Path(place: .event("gen_ai.choice"), name: "")),
    ("event:First Token Stream Event", Path(place: .event("First Token Stream Event"), name: "")),
    ("event:a#b", Path(place: .event("a"), name: "b")),
    ("event:a#b#/c/0", Path(place: .event("a"), name: "b", pointer: ["c", "0"])),
    ("event:a#/c", Path(place: .event("a"), name: "", pointer: ["c"])),
    ("event:a:b#c:d", Path(place: .event("a:b"), name: "c:d")),
    ("log:gen_ai.*.message", Path(place: .log("gen_ai.*.message"), name: "")),
    ("log:a#body", Path(place: .log("a"), name: "body")),
    ("log:a#body#/b", Path(place: .log("a"), name: "body", pointer: ["b"])),
    ("gen_ai.prompt.*", Path(name: "gen_ai.prompt.", shape: .gather)),
    ("a.**", Path(name: "a.", shape: .object)),
    ("a.*#/0/role", Path(name: "a.", shape: .gather, pointer: ["0", "role"])),
    ("gen_ai.prompt.0.role", Path(name: "gen_ai.prompt.0.role")),
    ("mlflow.spanOutputs#/choices/*/message", Path(name: "mlflow.spanOutputs", pointer: ["choices", "*", "message"])),
    ("a#/b~1c/d~0e", Path(name: "a", pointer: ["b/c", "d~e"])),
    ("a#b", Path(name: "a#b")),
    ("naïve.ключ", Path(name: "naïve.ключ")),
    ("language:x", Path(name: "language:x")),
  ])
  func `a good path is read, and written as it was read`(text: String, path: Path) throws {
    let read = try Path(parsing: text)
    #expect(read == path)
    #expect(try Path(parsing: read.description) == path)
  }

  @Test(arguments: [
    ("", PathError.empty),
    (" a", .spaceAround), ("a ", .spaceAround), ("resource: a", .spaceAround),
    ("a\nb", .controlCharacter), ("a\u{7f}", .controlCharacter),
    ("spam:name", .unknownPlace("spam", suggestion: "span:name")),
    ("events:x", .unknownPlace("events", suggestion: "event:x")),
    ("resource:", .noName(after: "resource:")), ("scope:", .noName(after: "scope:")),
    ("#/a", .noName(after: "")), ("event:#a", .noName(after: "event:")),
    ("span:nmae", .unknownSpanField("nmae", suggestion: "span:name")),
    ("span:attributes", .unknownSpanField("attributes", suggestion: nil)),
    ("a.*.b", .starInside("a.*.b")), ("a.***", .starInside("a.***")),
    ("*", .starWithoutDot("*")), ("**", .starWithoutDot("**")), (".*", .starWithoutDot(".*")),
    ("a*", .starWithoutDot("a*")), ("a**", .starWithoutDot("a**")),
    ("resource:host.*", .starOutsideAttributes), ("event:a#b.*", .starOutsideAttributes),
    ("event:a*b*", .twoStars(event: "a*b*")),
    ("span:name#/a", .pointerOnSpan),
    ("event:a#body", .bodyOfEvent),
    ("log:a#", .emptyField("log:a")),
    ("a#/", .emptySegment), ("a#/b//c", .emptySegment),
    ("a#/~", .badEscape("~")), ("a#/b/~2", .badEscape("~2")),
  ])
  func `a bad path is refused with its own reason`(text: String, error: PathError) {
    #expect(throws: error) { try Path(parsing: text) }
  }

  @Test func `the limits of paths`() throws {
    let longest = String(repeating: "a", count: ReadingLimits.pathBytesMax)
    #expect(try Path(parsing: longest).name == longest)
    #expect(throws: PathError.tooLong(limit: ReadingLimits.pathBytesMax)) { try Path(parsing: longest + "a") }
    let deepest = "a#" + String(repeating: "/b", count: ReadingLimits.pointerSegmentsMax)
    #expect(try Path(parsing: deepest).pointer.count == ReadingLimits.pointerSegmentsMax)
    #expect(throws: PathError.tooManySegments(limit: ReadingLimits.pointerSegmentsMax)) {
      try Path(parsing: deepest + "/b")
    }
  }

  @Test func `any text is either refused or written back as the same path`() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededRandom(seed: seed)
    let pieces = [
      "a", "b.c", ".", "*", "**", "#", "/", "#/", "~", "~0", "~1", ":", " ", "span:", "log:", "event:", "body", "é",
      "0",
    ]
    var good = 0
    for _ in 0..<20_000 {
      let text = (0..<Int.random(in: 1...6, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
        .joined()
      guard let path = try? Path(parsing: text) else { continue }
      good += 1
      let again = try? Path(parsing: path.description)
      #expect(again == path, "seed \(seed): '\(text)' became '\(path)'")
    }
    #expect(good > 1000, "seed \(seed): the pieces hardly ever make a path")
  }
}

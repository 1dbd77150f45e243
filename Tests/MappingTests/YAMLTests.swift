import Testing

@testable import Mapping

@Suite struct YAMLTests {
  private func read(_ text: String) -> (YAMLNode?, [Diagnostic]) {
    var diagnostics = DiagnosticList()
    let file = MappingFile(name: "a.yaml", path: "a.yaml", text: Array(text.utf8))
    let number = diagnostics.add(SourceText(path: file.path, text: YAMLParser.text(of: file)))
    return (YAMLParser.read(file, number: number, &diagnostics), diagnostics.sorted)
  }

  @Test(arguments: [
    ("1", Literal.int(1)), ("-7", .int(-7)), ("1.5", .number(1.5)), ("1e3", .number(1000)), ("true", .bool(true)),
    ("False", .bool(false)), ("yes", .string("yes")), ("off", .string("off")), ("\"1\"", .string("1")),
    ("'true'", .string("true")), ("0x1F", .string("0x1F")), ("nan", .string("nan")), ("Infinity", .string("Infinity")),
    ("1.2.3", .string("1.2.3")), ("2024-01-01", .string("2024-01-01")), ("|\n  1\n", .string("1\n")),
    ("9223372036854775807", .int(.max)), ("''", .string("")), ("=", .string("=")), ("<<", .string("<<")),
  ])
  func `scalars are what YAML 1.2 says, and quoted ones text`(text: String, literal: Literal) {
    #expect(read(text).0?.literal == literal)
  }

  @Test(arguments: ["~", "null", "a:", "[~]"])
  func `null is no literal`(text: String) {
    guard let node = read(text).0 else {
      Issue.record("not read")
      return
    }
    let inner: YAMLNode?
    switch node.content {
    case .map(let entries): inner = entries.first?.value
    case .list(let elements): inner = elements.first
    case .scalar: inner = node
    }
    #expect(inner?.isNull == true)
    #expect(inner?.literal == nil)
  }

  @Test func `numbers are compared as they were written`() {
    #expect(read("1.10").0?.comparedLiteral == .string("1.10"))
    #expect(read("007").0?.comparedLiteral == .string("007"))
    #expect(read("True").0?.comparedLiteral == .bool(true))
  }

  @Test(arguments: [
    // text, line, column, length of the value under the last key
    ("a: bcd", 1, 4, 3), ("é: bcd", 1, 4, 3), ("a: 'b''c'", 1, 4, 6), ("a: \"b\\\"c\" # d", 1, 4, 6),
    ("\u{feff}a: b", 1, 4, 1), ("x: y\r\na: bc", 2, 4, 2), ("x: y\ra: bc", 2, 4, 2),
    ("x: \u{1f600}\na: {b: c}", 2, 4, 1),
    ("x: 1\na:\n  b: c", 3, 3, 1), ("x: 1\u{2028}a: b", 2, 4, 1), ("a: |\n  long text\n  more\n", 1, 4, 1),
    ("a: one\n  two", 1, 4, 3),
  ])
  func `positions count characters from one`(text: String, line: Int, column: Int, length: Int) {
    guard case .map(let entries) = read(text).0?.content, let value = entries.last?.value else {
      Issue.record("no map: \(read(text).1)")
      return
    }
    #expect(value.position == Position(file: 0, line: line, column: column, length: length))
  }

  @Test(arguments: [
    "a: 1\nb: 2\na: 3", "{a: 1, a: 2}", "\"a\": 1\na: 2", "'a': 1\n\"\\x61\": 2", "a: 1\n&x a: 2",
    "[x, {y: {a: 1, a: 2}}]",
    "a.b: 1\na.b: 2", "\"\": 1\n'': 2", "\"\\x61\": 1\na: 2", "&x a: 1\n!!str a: 2",
  ])
  func `a key that is given twice is told, however it is written`(text: String) {
    let (_, diagnostics) = read(text)
    #expect(diagnostics.count == 1)
    #expect(diagnostics.first?.message.contains("given twice") == true, "\(diagnostics)")
    #expect(diagnostics.first?.message.contains("\u{f0000}") == false)
  }

  @Test func `keys given twice are all told, up to a limit`() {
    let pairs = (0..<ReadingLimits.repeatedKeysMax).map { "k\($0): 1\nk\($0): 2\n" }
    let (node, diagnostics) = read(pairs.joined())
    #expect(diagnostics.count == ReadingLimits.repeatedKeysMax)
    #expect(diagnostics.map(\.position?.line) == (1...ReadingLimits.repeatedKeysMax).map { $0 * 2 })
    guard case .map(let entries) = node?.content else {
      Issue.record("no map")
      return
    }
    #expect(entries.map(\.key.value) == (0..<ReadingLimits.repeatedKeysMax).map { "k\($0)" })
    #expect(read(pairs.joined() + "l: 1\nl: 2\n").1.count == 1)
  }

  @Test func `anchors and aliases are written out`() {
    let (node, diagnostics) = read("a: &x [1, 2]\nb: *x")
    guard case .map(let entries) = node?.content, case .list(let elements) = entries.last?.value.content else {
      Issue.record("no list: \(diagnostics)")
      return
    }
    #expect(elements.map(\.literal) == [.int(1), .int(2)])
  }

  @Test(arguments: ["? *a\n: 1", "*a : 1", "*a: 1", "[*a]: 1", "{*a : 1}", "{x: 1} : 2", "{[*a]:b}", "? [*a]\n: 1"])
  func `aliases in keys, where a bomb would be hashed, are refused`(key: String) {
    let (node, diagnostics) = read("- &a b\n- \(key.split(separator: "\n").joined(separator: "\n  "))")
    #expect(node == nil)
    #expect(diagnostics.first?.message.contains("anchors cannot be used") == true, "\(diagnostics)")
  }

  @Test func `the limits of a file`() {
    let filling = String(repeating: "#", count: ReadingLimits.fileBytesMax - 2)
    #expect(read("a\n" + filling).1.isEmpty)
    #expect(read("a\n" + filling + "#").1.first?.message.hasPrefix("too large") == true)

    let elements = String(repeating: "a,", count: ReadingLimits.nodesMax - 2)
    #expect(read("[\(elements)a]").1.isEmpty)
    #expect(read("[\(elements)a,a]").1.first?.message == "more than 100000 nodes, with aliases written out")

    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + "a" + String(repeating: "]", count: depth)
    }
    #expect(read(nested(ReadingLimits.depthMax)).1.isEmpty)
    #expect(
      read(nested(ReadingLimits.depthMax + 1)).1.first?.message == "more than 64 levels, with aliases written out")
  }

  @Test(arguments: ["[", "{a: ", "- ", "? ", "a:\n ", "!x ", "&x "])
  func `a long run of openings ends in a diagnostic`(opening: String) {
    for count in [999, 1000, 1001, 20_000] {
      let (_, diagnostics) = read(String(repeating: opening, count: count))
      #expect(!diagnostics.isEmpty || opening == "!x " || opening == "&x ")
    }
  }
}

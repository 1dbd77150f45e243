import Bytes
import Telemetry
import Testing

@testable import Mapping

/// `error:` of a dialect: failures that the span's status does not tell of, and where the text of an error is read.
@Suite struct ErrorRuleTests {
  struct Row: CustomTestStringConvertible, Sendable {
    var attributes: [String: String]
    var status = StatusCode.unset
    var statusMessage = ""
    /// Type and message of an exception event.
    var exception: (type: String, message: String)?
    /// The text of the error; empty for a failure without one, nil for none.
    var expected: String?
    var testDescription: String { "\(attributes) \(status) \(statusMessage)" }
  }

  static let rows = [
    Row(attributes: [:], expected: nil),
    Row(attributes: ["level": "WARNING", "told": "no"], expected: nil),
    Row(attributes: ["error.type": "timeout", "error.message": "slow"], expected: nil),
    Row(attributes: ["level": "ERROR"], expected: ""),
    Row(attributes: ["level": "ERROR", "told": "it broke"], expected: "it broke"),
    Row(attributes: ["base.failed": "true"], expected: ""),
    Row(attributes: ["base.failed": "true", "error.message": "slow"], expected: "slow"),
    Row(attributes: ["level": "ERROR", "told": "first", "error.message": "second"], expected: "first"),
    Row(attributes: ["told": "it broke"], status: .ok, expected: nil),
    Row(attributes: ["level": "ERROR"], status: .ok, expected: ""),
    Row(attributes: [:], status: .error, statusMessage: "status", expected: "status"),
    Row(attributes: ["error.message": "slow"], status: .error, expected: "slow"),
    Row(attributes: ["error.message": "slow"], status: .error, statusMessage: "status", expected: "status"),
    Row(
      attributes: ["error.message": "slow"], status: .error, exception: ("E", "thrown"), expected: "E: thrown"),
    Row(
      attributes: [:], status: .error, exception: ("E", "V('x')\n\nTraceback (most recent call last):\n  File"),
      expected: "V('x')"),
    Row(attributes: ["level": "ERROR"], exception: ("E", "thrown"), expected: "E: thrown"),
  ]

  @Test(arguments: rows)
  func `a span has failed where its status or its dialect says so`(row: Row) throws {
    let mapper = try Self.mapper(row)
    var out = ByteBuffer()
    #expect(mapper.writeEvents(WritingContext(), to: &out).count == 1)
    let event = out.string
    #expect(event.contains("\"$ai_is_error\":true") == (row.expected != nil), "\(event)")
    #expect(mapper.facts.hasError == (row.expected != nil), "sampling must know the same")
    if let expected = row.expected, !expected.isEmpty {
      #expect(event.contains("\"$ai_error\":\"\(expected)\","), "\(event)")
    } else {
      #expect(!event.contains("\"$ai_error\""), "\(event)")
    }
  }

  @Test func `an overlay gives another or takes it away`() throws {
    let failed = Row(attributes: ["level": "ERROR", "told": "it broke"], expected: nil)
    #expect(try !Self.mapper(failed, overlay: "none").facts.hasError)
    #expect(try Self.mapper(failed, overlay: "{when: told}").facts.hasError)
    #expect(try !Self.mapper(failed, overlay: "{when: {told: else}}").facts.hasError)
  }

  @Test func `a message is consumed`() throws {
    let mapper = try Self.mapper(Row(attributes: ["level": "ERROR", "told": "it broke"], expected: nil))
    var out = ByteBuffer()
    _ = mapper.writeEvents(WritingContext(), to: &out)
    #expect(!out.string.contains("otel.told") && out.string.contains("\"otel.level\":\"ERROR\""))
  }

  @Test func `an explanation names the line`() throws {
    let mapper = try Self.mapper(Row(attributes: ["level": "ERROR", "told": "it broke"], expected: nil))
    var out = ByteBuffer()
    let events = mapper.writeEvents(WritingContext(), to: &out)
    let explained = try #require(out.withSpan { mapper.explain(events, in: $0) }.first)
    func source(_ name: String) -> EventExplanation.Named? {
      guard case .source(let named)? = explained.properties.first(where: { $0.name == name })?.origin else {
        return nil
      }
      return named
    }
    #expect(source("$ai_is_error")?.place == "x.yaml:6:9")
    #expect(source("$ai_error")?.name == "told")
    #expect(source("$ai_error")?.place?.hasPrefix("x.yaml:9:") == true)
  }

  // MARK: A set and a trace

  private static let dialect = """
    dialect: x
    extends: base
    match: {not: nothing}
    kind: [{when: {not: nothing}, is: tool}]
    error:
      when: {level: ERROR}
      message:
        - {from: "event:exception#exception.message", extract: '^([\\s\\S]*?)\\s*Traceback \\(most'}
        - {from: told, when: {level: ERROR}}
    """
  private static let base = """
    dialect: base
    error:
      when: {base.failed: true}
      message: {from: error.message, when: {not: ["event:exception#exception.message", "span:status_message"]}}
    """

  private static func mapper(_ row: Row, overlay: String? = nil) throws -> Mapper {
    var files = [
      ("base.yaml", base), ("dialects.yaml", "order: [x]"), ("properties.yaml", "distinct_id: id"), ("x.yaml", dialect),
    ]
    if let overlay { files.append(("overlays/mine.yaml", "overlay: x\nerror: \(overlay)")) }
    let (set, diagnostics) = MappingReader.read(
      files: files.map { MappingFile(name: $0.0, path: $0.0, text: Array($0.1.utf8)) })
    try #require(diagnostics.allSatisfy { $0.severity != .error }, "\(Diagnostic.render(diagnostics))")
    var batch = Batch()
    func put(_ text: String) -> Slice {
      let start = batch.arena.count
      batch.arena += Array(text.utf8)
      return Slice(start, batch.arena.count)
    }
    func add(_ attributes: [(key: String, value: String)]) -> Range<Int32> {
      let start = Int32(batch.attributes.count)
      for (key, value) in attributes {
        batch.attributes.append(Attribute(key: put(key), value: .string(put(value))))
      }
      return start..<Int32(batch.attributes.count)
    }
    batch.resources = [Resource(attributes: 0..<0)]
    batch.scopes = [Scope(name: .empty, version: .empty, schemaURL: .empty, attributes: 0..<0, resource: 0)]
    var span = Telemetry.Span(
      trace: try #require(TraceID(high: 1, low: 2)), id: try #require(SpanID(value: 3)), parent: nil,
      parentIsRemote: false, scope: 0)
    span.attributes = add(row.attributes.sorted { $0.key < $1.key })
    span.status = row.status
    span.statusMessage = put(row.statusMessage)
    if let (type, message) = row.exception {
      let attributes = add([("exception.type", type), ("exception.message", message)])
      batch.events = [SpanEvent(name: put("exception"), time: 5, attributes: attributes)]
      span.events = 0..<1
    }
    batch.spans = [span]
    let mapper = Mapper(program: Program(set))
    mapper.load(&batch)
    return mapper
  }
}

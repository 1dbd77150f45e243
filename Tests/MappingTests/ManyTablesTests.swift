import Bytes
import Telemetry
import Testing

@testable import Mapping

/// More dialects and more rules than the sets of bits that find them have bits: the rest share the last one.
@Suite struct ManyTablesTests {
  static let dialectCount = 70
  static let propertyCount = 140

  static let program: Program = {
    let numbers = 0..<dialectCount
    let vocabulary = (0..<propertyCount).map { "p\($0): {type: string, about: One of many.}" }
    let rules = (0..<propertyCount).map { "  p\($0): attribute.\($0)" }.joined(separator: "\n")
    var files = [
      "properties.yaml": (["distinct_id: {type: id, about: The user.}"] + vocabulary).joined(separator: "\n"),
      "dialects.yaml": "order:\n" + numbers.map { "  - d\($0)" }.joined(separator: "\n"),
      "values.yaml": "words: {a: b}",
    ]
    for number in numbers {
      files["d\(number).yaml"] = """
        dialect: d\(number)
        about: One of many.
        match: {any: [marker.\(number), {kind: k\(number)}, {all: [{kind: shared}, {all.of: {prefix: x\(number)x}}]}]}
        kind: [{when: {not: nothing}, is: other}]
        properties:
        \(rules)
        """
    }
    let read = MappingReader.read(
      files: files.sorted { $0.key < $1.key }.map {
        MappingFile(name: $0.key, path: $0.key, text: Array($0.value.utf8))
      })
    let errors = read.1.filter { $0.severity == .error }
    #expect(errors.isEmpty, "\(errors)")
    return Program(read.0)
  }()

  /// A trace of one span with these attributes.
  static func mapper(_ attributes: [(name: String, value: String)]) throws -> Mapper {
    var batch = Batch()
    func put(_ text: String) -> Slice {
      let start = batch.arena.count
      batch.arena += Array(text.utf8)
      return Slice(start, batch.arena.count)
    }
    for (name, value) in attributes {
      batch.attributes.append(Attribute(key: put(name), value: .string(put(value))))
    }
    batch.resources = [Resource(attributes: 0..<0)]
    batch.scopes = [Scope(name: .empty, version: .empty, schemaURL: .empty, attributes: 0..<0, resource: 0)]
    var span = Telemetry.Span(
      trace: try #require(TraceID(high: 1, low: 2)), id: try #require(SpanID(value: 3)), parent: nil,
      parentIsRemote: false, scope: 0)
    span.attributes = 0..<Int32(attributes.count)
    batch.spans = [span]
    let mapper = Mapper(program: program)
    mapper.load(&batch)
    return mapper
  }

  @Test(arguments: [0, 1, 61, 62, 63, 64, 69])
  func `a dialect is found by an attribute, by a value and by both, wherever it stands`(number: Int) throws {
    let dialect = Int32(number)
    #expect(try Self.mapper([("marker.\(number)", "yes")]).spans[0].dialect == dialect)
    #expect(try Self.mapper([("other", "no"), ("kind", "k\(number)")]).spans[0].dialect == dialect)
    #expect(try Self.mapper([("kind", "shared"), ("all.of", "x\(number)x and more")]).spans[0].dialect == dialect)
  }

  @Test func `of several dialects the first in the order is it`() throws {
    #expect(try Self.mapper([("marker.69", "yes"), ("marker.64", "yes"), ("kind", "k66")]).spans[0].dialect == 64)
    #expect(try Self.mapper([("marker.69", "yes"), ("kind", "k5")]).spans[0].dialect == 5)
    #expect(try Self.mapper([("kind", "shared"), ("all.of", "x3x"), ("marker.4", "yes")]).spans[0].dialect == 3)
  }

  @Test func `what is empty is not there, and what nobody knows has no dialect`() throws {
    #expect(try Self.mapper([("marker.3", "")]).spans[0].dialect == -1)
    #expect(try Self.mapper([("kind", "k70"), ("all.of", "x1x")]).spans[0].dialect == -1)
  }

  @Test func `every rule is asked, beyond the last bit too`() throws {
    let attributes = (0..<Self.propertyCount).map { (name: "attribute.\($0)", value: "v\($0)") }
    let mapper = try Self.mapper([("marker.2", "yes")] + attributes)
    var out = ByteBuffer()
    let events = mapper.writeEvents(WritingContext(), to: &out)
    #expect(events.count == 1)
    for number in 0..<Self.propertyCount { #expect(out.string.contains("\"p\(number)\":\"v\(number)\"")) }
  }
}

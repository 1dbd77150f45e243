import Mapping

/// Mapping files: the first byte says which file of a set it is. Whatever it holds, it is read,
/// every fault is told with its place, and what could be understood compiles.
enum MappingTarget {
  private static let names: [UInt8: String] = [
    UInt8(ascii: "d"): "x.yaml", UInt8(ascii: "p"): "properties.yaml", UInt8(ascii: "v"): "values.yaml",
    UInt8(ascii: "t"): "trace.yaml", UInt8(ascii: "r"): "redaction.yaml", UInt8(ascii: "o"): "overlays/x.yaml",
    UInt8(ascii: "l"): "dialects.yaml",
  ]

  /// A set as small as can be, with a property of every type: reading the stock one each time would be most of the work.
  private static let common: [MappingFile] = {
    let types = ["bool", "id", "int", "json", "messages", "money", "number", "object", "seconds", "string", "tools"]
    let properties = types.map { "$ai_\($0): {type: \($0), about: one}\n" }.joined()
    let texts = [
      ("dialects.yaml", "order: [x]\n"), ("properties.yaml", "distinct_id: id\n$ai_model: string\n" + properties),
      ("values.yaml", "providers:\n  azure_openai: azure\n"), ("trace.yaml", "inherit: [$ai_model]\n"),
    ]
    return texts.map { MappingFile(name: $0, path: $0, text: Array($1.utf8)) }
  }()

  static func run(_ input: [UInt8]) {
    guard let name = input.first.flatMap({ names[$0] }) else { return }
    let files =
      common.filter { $0.name != name } + [MappingFile(name: name, path: name, text: Array(input.dropFirst()))]
    let (set, diagnostics) = MappingReader.read(files: files)
    var last = Position(file: -1, line: 0, column: 0)
    for diagnostic in diagnostics {
      Fuzzing.expect(!diagnostic.description.isEmpty && !diagnostic.message.isEmpty, "a fault is told")
      guard let position = diagnostic.position else { continue }
      Fuzzing.expect(position.line >= 1 && position.column >= 1 && position.length >= 1, "\(position) is a place")
      Fuzzing.expect(last <= position, "faults are told in order")
      last = position
    }
    _ = Program(set)
  }
}

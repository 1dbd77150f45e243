/// Where the parts of a program are written, beside it and in its order: what `explain` shows. Mapping never reads it.
package struct ProgramOrigins: Sendable {
  /// The paths of the files; positions refer to them by index.
  var files: [String] = []
  var dialects: [DialectOrigins] = []

  /// `file:line:column`; nil for what stands in no file.
  func place(_ position: Position) -> String? {
    guard position.line > 0, files.indices.contains(position.file) else { return nil }
    return "\(files[position.file]):\(position.line):\(position.column)"
  }
}

/// The origins of a `CompiledDialect`.
struct DialectOrigins: Sendable {
  var match: Position?
  /// As `DialectFacts.kinds`.
  var kinds: [Position] = []
  /// As `DialectFacts.failures`.
  var failures: [Position] = []
  /// As `DialectFacts.errorMessages`, and whether `none` has ended them.
  var errorMessages: [SourceOrigin] = []
  var errorIsFinal = false
  /// As `CompiledDialect.rules`, and the sources of each.
  var rules: [[SourceOrigin]] = []
  /// As `DialectFacts.constants`.
  var constants: [Position] = []
  /// As `DialectFacts.drop`.
  var drops: [Position] = []
  /// Constants that a nearer dialect has given or taken away.
  var decided = Set<String>()

  init(match: Position?) { self.match = match }
}

struct SourceOrigin: Sendable {
  /// The source as a person would write it, in short.
  var text: String
  var position: Position

  /// The place of what applications set themselves: no file.
  static let application = Position(file: 0, line: 0, column: 0)

  init(_ source: Source) {
    position = source.position
    if let path = source.path {
      text = path.description
    } else if let const = source.const {
      text = "const \(String(decoding: const.bytes, as: UTF8.self))"
    } else {
      let less = source.minus.isEmpty ? "" : " less \(source.minus.map(\.description).joined(separator: " and "))"
      text = "sum of \(source.sum.map(\.description).joined(separator: " and "))\(less)"
    }
  }
}

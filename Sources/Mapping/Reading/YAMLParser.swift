import Bytes
import Yams

/// Reads YAML into `YAMLNode`s. The only file that knows Yams: its errors become diagnostics with a position, and what
/// it would do badly with (bombs of aliases, keys given twice) is handled here.
struct YAMLParser {
  private let text: String
  private let file: Int
  private var diagnostics: DiagnosticList
  private var nodes = 0
  /// Keys that were masked because they are given twice: what stands for them in the text, and what they are.
  private var masked: [Unicode.Scalar: String] = [:]
  private var failed = false

  /// The root of a file; nil, with a diagnostic, if it cannot be read or holds nothing.
  static func read(_ file: MappingFile, number: Int, _ diagnostics: inout DiagnosticList) -> YAMLNode? {
    var parser = YAMLParser(text: text(of: file), file: number, diagnostics: diagnostics)
    let root = parser.read(file)
    diagnostics = parser.diagnostics
    return root
  }

  /// The file's text without a byte order mark; bytes that are no UTF-8 are replaced, to be able to show the rest.
  static func text(of file: MappingFile) -> String {
    let mark: [UInt8] = [0xef, 0xbb, 0xbf]
    let bytes = file.text.starts(with: mark) ? file.text.dropFirst(mark.count) : file.text[...]
    return String(decoding: bytes, as: UTF8.self)
  }

  private init(text: String, file: Int, diagnostics: DiagnosticList) {
    self.text = text
    self.file = file
    self.diagnostics = diagnostics
  }

  private mutating func read(_ source: MappingFile) -> YAMLNode? {
    if source.text.count > ReadingLimits.fileBytesMax {
      let size = "\(source.text.count) bytes; a file has at most \(ReadingLimits.fileBytesMax)"
      diagnostics.report(.error, "too large: \(size)", file: source.path)
      return nil
    }
    if let place = invalidPlace(source.text) {
      diagnostics.report(.error, "not UTF-8: save the file as UTF-8", at: place)
      return nil
    }
    if Self.hidesBomb(source.text) {
      let message = "anchors cannot be used together with keys that are no plain text ('? ', '*name:', ']:', '}:')"
      diagnostics.report(.error, message, file: source.path)
      return nil
    }
    guard let root = compose() else { return nil }
    let node = convert(root, depth: 0)
    return failed ? nil : node
  }

  private func invalidPlace(_ bytes: [UInt8]) -> Position? {
    if String(validating: bytes, as: UTF8.self) != nil { return nil }
    let span = bytes.span
    var index = 0
    var line = 1
    var column = 1
    while index < span.count {
      let size = span[index] < 0x80 ? 1 : UTF8Check.sequenceLength(span, index, span.count)
      if size == 0 { return Position(file: file, line: line, column: column) }
      column += 1
      if span[index] == 0x0a { (line, column) = (line + 1, 1) }
      index += size
    }
    return nil
  }

  /// Yams hashes keys while it parses; a key that is an alias of nested aliases would keep it busy for ever. Quotes and
  /// comments are not looked at: both signs together are rare enough.
  private static func hidesBomb(_ bytes: [UInt8]) -> Bool {
    guard bytes.contains(UInt8(ascii: "&")) else { return false }
    var hasAnchor = false
    var hasOddKey = false
    var isAlias = false
    var previous = UInt8(ascii: "\n")
    var visible = previous
    for (index, byte) in bytes.enumerated() {
      let isBeforeSpace = index + 1 >= bytes.count || bytes[index + 1] <= 0x20
      let isTokenStart = previous <= 0x20 || "[]{},:-?".utf8.contains(previous)
      switch byte {
      case UInt8(ascii: "&"): hasAnchor = hasAnchor || (isTokenStart && !isBeforeSpace)
      case UInt8(ascii: "*"): isAlias = isTokenStart && !isBeforeSpace
      case UInt8(ascii: "?"): hasOddKey = hasOddKey || (isTokenStart && isBeforeSpace)
      case UInt8(ascii: ":"): hasOddKey = hasOddKey || isAlias || "]}".utf8.contains(visible)
      case 0x0a, 0x0d, UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"): isAlias = false
      default: break
      }
      if byte != 0x20, byte != 0x09 { visible = byte }
      previous = byte
      if hasAnchor && hasOddKey { return true }
    }
    return false
  }

  // MARK: Parsing

  /// Yams stops at a key that is given twice. Masking the first of the two lets it go on, so that all are found.
  private mutating func compose() -> Node? {
    var masking = Array(text.unicodeScalars)
    while true {
      do {
        // No rules: what a scalar is, is decided by `YAMLNode.literal`.
        let yaml = String(String.UnicodeScalarView(masking))
        guard let root = try Yams.compose(yaml: yaml, .basic, .default, .utf8) else {
          diagnostics.report(.error, "the file is empty", file: diagnostics.files[file].path)
          return nil
        }
        return root
      } catch YamlError.duplicatedKeysInMapping(let names, let context) {
        let name = names.first ?? ""
        if masked.count < ReadingLimits.repeatedKeysMax, mask(name, at: context.mark, in: &masking) { continue }
        diagnostics.report(.error, "'\(name)' is given twice", at: position(context.mark, of: name))
        return nil
      } catch {
        report(error)
        return nil
      }
    }
  }

  /// Replaces the first character of a key by one that no file has; false if the key is no plain or quoted text.
  private mutating func mask(_ name: String, at mark: Mark, in masking: inout [Unicode.Scalar]) -> Bool {
    let lines = diagnostics.files[file].lines
    guard lines.indices.contains(mark.line - 1), let index = offset(of: mark, in: masking) else { return false }
    let isQuoted = masking[index] == "\"" || masking[index] == "'"
    let place = isQuoted ? index + 1 : index
    guard masking.indices.contains(place), !name.isEmpty, !"\"'*&!|>[]{}?\\".unicodeScalars.contains(masking[place]),
      let stand = Unicode.Scalar(UInt32(0xf0000 + masked.count)), !masking.contains(stand)
    else { return false }
    masking[place] = stand
    masked[stand] = name
    return true
  }

  /// Where a mark stands in the text.
  private func offset(of mark: Mark, in scalars: [Unicode.Scalar]) -> Int? {
    var line = 1
    var index = 0
    while line < mark.line, index < scalars.count {
      switch scalars[index] {
      case "\r" where index + 1 < scalars.count && scalars[index + 1] == "\n": break
      case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": line += 1
      default: break
      }
      index += 1
    }
    let place = index + mark.column - 1
    return line == mark.line && place < scalars.count ? place : nil
  }

  private mutating func report(_ error: any Error) {
    switch error {
    case YamlError.scanner(let context, let problem, let mark, _),
      YamlError.parser(let context, let problem, let mark, _),
      YamlError.composer(let context, let problem, let mark, _):
      // What is never closed is found at the end of the file; where it was opened helps more.
      let isBlank = diagnostics.files[file].line(mark.line)?.allSatisfy { $0 == " " } ?? true
      let place = isBlank ? context?.mark ?? mark : mark
      diagnostics.report(.error, message(problem, context, mark), at: position(place, of: ""))
    case YamlError.reader(let problem, let offset, _, _):
      let before = text.prefix(offset ?? 0)
      let line = before.count { $0.isNewline } + 1
      let column = (before.lastIndex(where: \.isNewline).map { before[before.index(after: $0)...] } ?? before).count + 1
      let place = Position(file: file, line: line, column: column)
      diagnostics.report(.error, "not valid YAML: \(problem)", at: place)
    default:
      // What is left of Yams' errors concerns writing, or memory.
      diagnostics.report(.error, "not valid YAML", file: diagnostics.files[file].path)
    }
  }

  /// What libyaml says, in plainer words where people meet it often.
  private func message(_ problem: String, _ context: YamlError.Context?, _ mark: Mark) -> String {
    let lines = diagnostics.files[file].lines
    let line = lines.indices.contains(mark.line - 1) ? lines[mark.line - 1].dropFirst(mark.column - 1) : []
    if line.first == "\t" { return "not valid YAML: a tab; lines are indented with spaces" }
    if problem.hasPrefix("found undefined alias") {
      return "not valid YAML: '*' at the start of a text is an alias; quote the text"
    }
    if problem.hasPrefix("but found another document") { return "a file holds one document, here another one begins" }
    if problem.contains("nesting level") { return "nested too deeply" }
    let begun = context.map { " (\($0.text), from line \($0.mark.line))" } ?? ""
    return "not valid YAML: \(problem)\(begun)"
  }

  // MARK: Converting

  private func position(_ mark: Mark?, of text: String, isQuoted: Bool = false) -> Position {
    // The end of a file that ends in a line break is the end of its last line.
    let source = diagnostics.files[file]
    let line = max(1, min(mark?.line ?? 1, source.lines.count))
    let column = max(1, mark?.column ?? 1)
    let length = source.scalarLength(line: line, column: column, text: text, isQuoted: isQuoted)
    return Position(file: file, line: line, column: column, length: length)
  }

  private mutating func convert(_ node: Node, depth: Int) -> YAMLNode {
    let place = position(node.mark, of: "")
    let none = YAMLNode(content: .list([]), position: place)
    guard !failed else { return none }
    nodes += 1
    if nodes > ReadingLimits.nodesMax || depth > ReadingLimits.depthMax {
      let limit =
        depth > ReadingLimits.depthMax ? "\(ReadingLimits.depthMax) levels" : "\(ReadingLimits.nodesMax) nodes"
      diagnostics.report(.error, "more than \(limit), with aliases written out", at: place)
      failed = true
      return none
    }
    switch node {
    case .scalar(let scalar):
      let isQuoted = scalar.style == .singleQuoted || scalar.style == .doubleQuoted
      let isText = isQuoted || scalar.style == .literal || scalar.style == .folded
      return YAMLNode(
        content: .scalar(scalar.string, isQuoted: isText),
        position: position(scalar.mark, of: isText && !isQuoted ? "" : scalar.string, isQuoted: isQuoted))
    case .sequence(let elements):
      return YAMLNode(content: .list(elements.map { convert($0, depth: depth + 1) }), position: place)
    case .mapping(let pairs): return map(pairs, place, depth: depth)
    case .alias: return none
    }
  }

  private mutating func map(_ pairs: Node.Mapping, _ place: Position, depth: Int) -> YAMLNode {
    var entries: [YAMLEntry] = []
    var first: [String: Int] = [:]
    for (key, value) in pairs {
      guard case .scalar(let scalar) = key else {
        diagnostics.report(.error, "a key must be text", at: position(key.mark, of: ""))
        continue
      }
      var name = scalar.string
      if let stand = name.unicodeScalars.first, let original = masked[stand] { name = original }
      let isQuoted = scalar.style == .singleQuoted || scalar.style == .doubleQuoted
      let keyPosition = position(scalar.mark, of: name, isQuoted: isQuoted)
      let converted = convert(value, depth: depth + 1)
      if let line = first[name] {
        diagnostics.report(.error, "'\(name)' is given twice, first in line \(line)", at: keyPosition)
        continue
      }
      first[name] = keyPosition.line
      entries.append(YAMLEntry(key: Located(name, keyPosition), value: converted))
    }
    let start = entries.first?.key.position
    return YAMLNode(
      content: .map(entries),
      position: start.map { $0.line == place.line && $0.column == place.column ? $0 : place } ?? place)
  }
}

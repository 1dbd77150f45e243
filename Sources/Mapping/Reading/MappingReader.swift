/// Reads mapping files: YAML to a typed set, and everything that is wrong with it at once.
package struct MappingReader {
  var set = MappingSet()
  var diagnostics = DiagnosticList()
  /// Types of the vocabulary, by name; nil while properties.yaml could not be read, so that nothing is reported for it
  /// twice.
  var types: [String: PropertyType]?
  /// Names of the tables in values.yaml; nil while that could not be read.
  var tables: Set<String>? = []
  /// Dialects whose file is there but could not be read.
  var unreadDialects: Set<String> = []
  var hasOrder = false

  private init() {}

  /// Reads a set. Files are known by their names:
  ///
  /// - `properties.yaml`: a map of property to its type, `name: int`, or to
  ///   `{type: int, about: one sentence, also: [more names], parameter: name, on: [events]}`;
  /// - `dialects.yaml`: `order:`, a list of dialects;
  /// - `values.yaml`: a map of table to `{key: value}`;
  /// - `trace.yaml`: `inherit`, `usage`, `failures`, `duplicates` and `records`;
  /// - `redaction.yaml`: `privacy:`, `keep:` and `rules:`, see docs/redaction.md;
  /// - what stands in `overlays/` changes one of the others;
  /// - every other `*.yaml` is the dialect of that name.
  ///
  /// The diagnostics are sorted by position. The set is what could be understood; it is complete if none is an error.
  package static func read(
    files: [MappingFile], redaction: RedactionSettings = RedactionSettings()
  ) -> (MappingSet, [Diagnostic]) {
    var reader = MappingReader()
    reader.set.redactionSettings = redaction
    reader.readAll(files)
    reader.check()
    return (reader.set, reader.diagnostics.sorted)
  }

  private mutating func readAll(_ files: [MappingFile]) {
    if files.count > ReadingLimits.filesMax {
      let message = "a set has at most \(ReadingLimits.filesMax) files, these are \(files.count)"
      diagnostics.report(.error, message, file: files[ReadingLimits.filesMax].path)
    }
    var numbered: [(number: Int, file: MappingFile)] = []
    for file in files.prefix(ReadingLimits.filesMax) {
      set.files.append(file.path)
      numbered.append((diagnostics.add(SourceText(path: file.path, text: YAMLParser.text(of: file))), file))
    }
    let overlays = readOverlays(numbered)
    // The vocabulary and the tables are known before the dialects that name them.
    read("properties.yaml", of: numbered) { reader, root in reader.readProperties(root) }
    for overlay in overlays where overlay.kind == .properties { applyToProperties(overlay) }
    read("values.yaml", of: numbered) { reader, root in
      reader.readTables(root)
    } orElse: {
      $0.tables = nil
    }
    for overlay in overlays where overlay.kind == .values { applyToTables(overlay) }
    read("dialects.yaml", of: numbered) { reader, root in reader.readOrder(root) }
    for overlay in overlays where overlay.kind == .dialects { applyToOrder(overlay) }
    read("trace.yaml", of: numbered) { reader, root in reader.readTrace(root) }
    read("redaction.yaml", of: numbered) { reader, root in reader.readRedaction(root) }
    for overlay in overlays where overlay.kind == .redaction { applyToRedaction(overlay) }
    for (number, file) in numbered { readOther(file, number) }
    for overlay in overlays where overlay.kind == .dialect { applyToDialect(overlay) }
    for needed in ["properties.yaml", "dialects.yaml"] where !files.contains(where: { $0.name == needed }) {
      diagnostics.report(.error, "this file is missing", file: needed)
    }
  }

  private mutating func read(
    _ name: String, of files: [(number: Int, file: MappingFile)], _ body: (inout MappingReader, YAMLNode) -> Void,
    orElse: (inout MappingReader) -> Void = { _ in }
  ) {
    for (number, file) in files where file.name == name {
      if let root = YAMLParser.read(file, number: number, &diagnostics) { body(&self, root) } else { orElse(&self) }
    }
  }

  private mutating func readOverlays(_ files: [(number: Int, file: MappingFile)]) -> [OverlayFile] {
    files.compactMap { number, file in
      guard file.isOverlay, file.name.hasSuffix(".yaml") else { return nil }
      return YAMLParser.read(file, number: number, &diagnostics).flatMap { overlay($0) }
    }
  }

  private mutating func readOther(_ file: MappingFile, _ number: Int) {
    switch file.name {
    case "properties.yaml", "values.yaml", "dialects.yaml", "trace.yaml", "redaction.yaml": return
    case _ where !file.name.hasSuffix(".yaml"):
      diagnostics.report(.warning, "ignored: the names of mapping files end in '.yaml'", file: file.path)
    case _ where file.isOverlay: return
    default:
      let name = String(file.name.dropLast(".yaml".count))
      let before = set.dialects.count
      if let root = YAMLParser.read(file, number: number, &diagnostics) { readDialect(root, fileName: name) }
      if set.dialects.count == before { unreadDialects.insert(name) }
    }
  }

  // MARK: What all files need

  mutating func error(_ message: String, at position: Position, suggestion: String? = nil) {
    diagnostics.report(.error, message, at: position, suggestion: suggestion)
  }

  /// The node is not what stands here.
  mutating func wrongKind(_ node: YAMLNode, _ what: String, expected: String) {
    error("\(what) must be \(expected), this is \(node.kindName)", at: node.position)
  }

  /// The text of a scalar that is not empty.
  mutating func text(_ node: YAMLNode, _ what: String) -> String? {
    if case .scalar(let text, _) = node.content, !node.isNull, !text.isEmpty { return text }
    if case .scalar(_, isQuoted: true) = node.content {
      error("\(what) must not be empty", at: node.position)
    } else {
      wrongKind(node, what, expected: "text")
    }
    return nil
  }

  /// The texts of a list, or of a scalar as the only one.
  mutating func texts(_ node: YAMLNode, _ what: String) -> [Located<String>] {
    emptyCheck(node, what)
    return node.oneOrMany.compactMap { element in text(element, what).map { Located($0, element.position) } }
  }

  mutating func emptyCheck(_ node: YAMLNode, _ what: String) {
    if case .list(let elements) = node.content, elements.isEmpty {
      error("\(what) is an empty list; leave it out", at: node.position)
    }
  }

  mutating func entries(_ node: YAMLNode, _ what: String) -> [YAMLEntry]? {
    if case .map(let entries) = node.content { return entries }
    wrongKind(node, what, expected: "a map")
    return nil
  }

  /// The entries of a map by key; keys that are none of those allowed are reported.
  mutating func members(_ node: YAMLNode, _ what: String, keys: [String]) -> [String: YAMLEntry]? {
    guard let entries = entries(node, what) else { return nil }
    var members: [String: YAMLEntry] = [:]
    for entry in entries {
      guard keys.contains(entry.key.value) else {
        let known = keys.joined(separator: ", ")
        let near = Suggestion.nearest(to: entry.key.value, of: keys)
        let hint = near == nil ? " (known: \(known))" : ""
        error("unknown key '\(entry.key.value)' in \(what)\(hint)", at: entry.key.position, suggestion: near)
        continue
      }
      members[entry.key.value] = entry
    }
    return members
  }

  /// One word of a closed list.
  mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ node: YAMLNode, _ what: String, of type: Choice.Type
  ) -> Choice? {
    guard let word = text(node, what) else { return nil }
    if let choice = Choice(rawValue: word) { return choice }
    let known = type.allCases.map(\.rawValue)
    let near = Suggestion.nearest(to: word, of: known)
    error("'\(word)' is no \(what): \(known.joined(separator: ", "))", at: node.position, suggestion: near)
    return nil
  }

  mutating func path(_ node: YAMLNode, _ what: String) -> Path? {
    guard let text = text(node, what) else { return nil }
    do {
      return try Path(parsing: text)
    } catch {
      self.error(error.description, at: node.position, suggestion: error.suggestion)
      return nil
    }
  }

  mutating func paths(_ node: YAMLNode, _ what: String) -> [Located<Path>] {
    emptyCheck(node, what)
    return node.oneOrMany.compactMap { element in path(element, what).map { Located($0, element.position) } }
  }
}

/// trace.yaml: what is decided between the spans of a trace.
extension MappingReader {
  mutating func readTrace(_ root: YAMLNode) {
    guard let members = members(root, "trace.yaml", keys: TraceKey.words) else { return }
    if let entry = members["inherit"] { set.trace.inherit = properties(entry.value, "'inherit'") }
    if let entry = members["usage"] { set.trace.usage = properties(entry.value, "'usage'") }
    if let entry = members["failures"] { set.trace.failures = properties(entry.value, "'failures'") }
    if let entry = members["duplicates"] { readDuplicates(entry.value) }
    if let entry = members["records"] { readRecords(entry.value) }
  }

  private mutating func readDuplicates(_ node: YAMLNode) {
    guard let members = self.members(node, "'duplicates'", keys: DuplicateKey.words) else { return }
    set.trace.same = members["same"].flatMap { property($0.value, "'same'") }
    set.trace.nested = members["nested"].flatMap { property($0.value, "'nested'") }
    if let entry = members["content"] { set.trace.content = properties(entry.value, "'content'") }
  }

  private mutating func readRecords(_ node: YAMLNode) {
    guard let members = self.members(node, "'records'", keys: RecordKey.words) else { return }
    if let entry = members["calls"] { set.trace.callRecords = recordNames(entry.value, "'calls'") }
    if let entry = members["evaluations"] { set.trace.evaluationRecords = recordNames(entry.value, "'evaluations'") }
    if let entry = members["steps"] { set.trace.stepRecords = recordNames(entry.value, "'steps'") }
    if let entry = members["same"] { set.trace.recordSame = properties(entry.value, "'same'") }
    set.trace.recordTrace = members["trace"].flatMap { property($0.value, "'trace'") }
  }

  /// Names of log records and span events, with at most one `*` each.
  private mutating func recordNames(_ node: YAMLNode, _ what: String) -> [Located<String>] {
    texts(node, what).filter { name in
      let isGood = name.value.count { $0 == "*" } <= 1
      if !isGood { error("\(what) takes names with at most one '*'", at: name.position) }
      return isGood
    }
  }

  /// The name of one property.
  private mutating func property(_ node: YAMLNode, _ what: String) -> Located<String>? {
    let names = properties(node, what)
    if names.count > 1 { error("\(what) takes one property", at: names[1].position) }
    return names.first
  }

  /// Names of properties that the vocabulary has.
  private mutating func properties(_ node: YAMLNode, _ what: String) -> [Located<String>] {
    texts(node, what).filter { name in
      guard let types, types[name.value] == nil else { return true }
      let near = Suggestion.nearest(to: name.value, of: types.keys.sorted())
      error("no property '\(name.value)' in properties.yaml", at: name.position, suggestion: near)
      return false
    }
  }
}

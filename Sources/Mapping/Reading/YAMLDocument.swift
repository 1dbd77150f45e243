/// One YAML file that is no mapping, read with the same care: for files of others that want the same errors.
package enum YAMLDocument {
  /// The root, nil if the file cannot be used; and what is wrong with it.
  package static func read(path: String, text: [UInt8]) -> (root: YAMLNode?, diagnostics: [Diagnostic]) {
    let file = MappingFile(name: path, path: path, text: text)
    var diagnostics = DiagnosticList()
    let number = diagnostics.add(SourceText(path: path, text: YAMLParser.text(of: file)))
    let root = YAMLParser.read(file, number: number, &diagnostics)
    return (diagnostics.errorCount == 0 ? root : nil, diagnostics.sorted)
  }
}

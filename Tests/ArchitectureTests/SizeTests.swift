import Testing

@Suite struct SizeTests {
  /// Every project has one file that everybody dreads; those people call beautiful have none above this.
  static let fileLinesMax = 600
  /// What most files of such projects are below.
  static let medianLinesMax = 250
  /// A function one can see whole on a screen.
  static let functionLinesMax = 70

  let files = SourceTree.sources + SourceTree.tests

  @Test func `no file is longer than 600 lines`() {
    expectNone(
      files.filter { $0.lineCount > Self.fileLinesMax }.map {
        Finding(path: $0.path, line: $0.lineCount, message: "\($0.lineCount) lines; \(Self.fileLinesMax) are the most")
      })
  }

  @Test func `half of the source files are shorter than 250 lines`() {
    let counts = SourceTree.sources.map(\.lineCount).sorted()
    #expect(counts[counts.count / 2] < Self.medianLinesMax)
  }

  @Test func `no function is longer than 70 lines`() {
    var findings: [Finding] = []
    for file in files {
      for function in Function.all(in: Tokenizer.tokens(file.bytes)) where function.lines > Self.functionLinesMax {
        let message = "\(function.name) has \(function.lines) lines; \(Self.functionLinesMax) are the most"
        findings.append(Finding(path: file.path, line: function.line, message: message))
      }
    }
    expectNone(findings)
  }
}

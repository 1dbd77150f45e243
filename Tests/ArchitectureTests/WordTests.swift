import Testing

@Suite struct WordTests {
  /// Files that may use a banned construct, each with the reason.
  static let unchecked: [String: String] = [
    "Sources/Spool/Environment.swift": "LMDB allows its environment to be used by several threads",
    "Sources/Spool/Locked.swift": "a pthread mutex guards the value; the standard one is slow under contention",
  ]
  static let fatalErrors: [String: String] = [:]

  /// Names that say nothing about what a thing does.
  static let emptyNames = ["Manager", "Helper", "Helpers", "Utils", "Utilities", "Util", "Handler"]

  @Test func `sources crash on nobody's data and leave nothing for later`() {
    var findings: [Finding] = []
    for file in SourceTree.sources { findings += Self.findings(in: file) }
    expectNone(findings)
  }

  @Test func `nothing is left for later in tests either, and none sets the environment`() {
    var findings: [Finding] = []
    for file in SourceTree.tests where file.target != "ArchitectureTests" {
      findings += Self.marksForLater(in: file)
      for token in Tokenizer.tokens(file.bytes) where token.kind == .word && ["setenv", "putenv"].contains(token.text) {
        let message = "tests run side by side in one process: none may set the environment"
        findings.append(Finding(path: file.path, line: token.line, message: message))
      }
    }
    expectNone(findings)
  }

  @Test func `no exception is out of use`() {
    for (path, word) in Self.unchecked.keys.map({ ($0, "unchecked") })
      + Self.fatalErrors.keys.map({ ($0, "fatalError") })
    {
      let tokens = SourceTree.file(path).map { Tokenizer.tokens($0.bytes) } ?? []
      #expect(tokens.contains { $0.text == word }, "\(path) needs no exception for \(word)")
    }
  }

  @Test(arguments: [
    ("let a = try! b()", "try!"), ("let a = b as! C", "as!"), ("print(a)", "print("),
    ("fatalError(\"x\")", "fatalError"),
    ("struct A: @unchecked Sendable {}", "@unchecked"), ("// TODO: later", "TODO"), ("let a = 1 // FIXME", "FIXME"),
    ("final class RequestHandler {}", "RequestHandler"), ("enum ByteUtils {}", "ByteUtils"),
  ])
  func `each banned word is found in code`(code: String, word: String) {
    let file = SourceFile(path: "Sources/Bytes/Sample.swift", bytes: Array(code.utf8))
    let found = Self.findings(in: file)
    #expect(found.count == 1 && found.first?.message.contains(word) == true, "\(found)")
  }

  @Test(arguments: [
    "let a = \"try! as! print( fatalError @unchecked\"", "// print(this) is no call, try! is no try", "debugPrint(a)",
    "try a as? B", "let a = try !b()", "buffer.print(a)", "let todoList = 1", "struct Handlers2 {}",
  ])
  func `a look-alike is not taken for one`(code: String) {
    #expect(Self.findings(in: SourceFile(path: "Sources/Bytes/Sample.swift", bytes: Array(code.utf8))).isEmpty)
  }

  static func findings(in file: SourceFile) -> [Finding] {
    var findings = marksForLater(in: file)
    let tokens = Tokenizer.tokens(file.bytes)
    for (index, token) in tokens.enumerated() where token.kind != .string {
      let previous = index > 0 ? tokens[index - 1] : nil
      let next = index + 1 < tokens.count ? tokens[index + 1] : nil
      if let message = complaint(previous, token, next, file.path) {
        findings.append(Finding(path: file.path, line: token.line, message: message))
      }
    }
    return findings
  }

  private static func complaint(_ previous: Token?, _ token: Token, _ next: Token?, _ path: String) -> String? {
    switch token.text {
    case "try", "as":
      guard let next, next.text == "!", next.adjoins else { return nil }
      return "\(token.text)! crashes on data; handle the failure"
    case "print":
      guard next?.text == "(", previous?.text != ".", previous?.text != "func" else { return nil }
      return "print( writes past the log; use the logger, or write to standard output in the command itself"
    case "fatalError":
      return fatalErrors[path] == nil ? "fatalError is for programmer errors in listed files only" : nil
    case "unchecked":
      guard previous?.text == "@", unchecked[path] == nil else { return nil }
      return "@unchecked Sendable only in listed files, with the reason"
    case "struct", "class", "enum", "actor", "protocol":
      guard let name = next?.text, emptyNames.contains(where: { name.hasSuffix($0) }) else { return nil }
      return "\(name): say what it does instead"
    default: return nil
    }
  }

  /// Looks at comments too, so it reads lines and not tokens.
  private static func marksForLater(in file: SourceFile) -> [Finding] {
    file.lines.enumerated().flatMap { index, line in
      ["TODO", "FIXME", "XXX"].filter { line.contains($0) && !line.contains("\($0)X") && !line.contains("X\($0)") }.map
      {
        Finding(path: file.path, line: index + 1, message: "\($0): do it, or open an issue")
      }
    }
  }
}

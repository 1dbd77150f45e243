import Testing

@Suite struct ImportTests {
  @Test func `the table itself only points down`() {
    var seen: Set<String> = []
    for rule in ImportTable.rules {
      #expect(seen.isSuperset(of: rule.own), "\(rule.target) may import a target that stands below it in the table")
      seen.insert(rule.target)
    }
  }

  @Test func `a C library belongs to one target`() {
    let libraries = ImportTable.rules.flatMap(\.c)
    #expect(libraries.count == Set(libraries).count)
    let folders = SourceTree.names(in: "Sources").filter { SourceTree.file("Sources/\($0)/module.modulemap") != nil }
    #expect(Set(folders) == Set(libraries), "a module map without an owner, or an owner without a module map")
  }

  @Test func `every target imports only what the table allows`() {
    #expect(SourceTree.sources.count > 10, "the sources were not found below \(SourceTree.root)")
    var findings: [Finding] = []
    for file in SourceTree.sources {
      guard let rule = ImportTable.rule(file.target) else {
        findings.append(Finding(path: file.path, line: 1, message: "target \(file.target) is not in ImportTable"))
        continue
      }
      for found in Import.all(in: Tokenizer.tokens(file.bytes)) where !ImportTable.everywhere.contains(found.module) {
        if rule.all.contains(found.module) || isAllowedFoundation(found, file) { continue }
        let message = "\(file.target) must not import \(found.module)"
        findings.append(Finding(path: file.path, line: found.line, message: message))
      }
    }
    expectNone(findings)
  }

  private func isAllowedFoundation(_ found: Import, _ file: SourceFile) -> Bool {
    found.module.hasPrefix("Foundation") && ImportTable.foundation[file.path] != nil
  }

  @Test func `no exception for Foundation is out of use`() {
    for path in ImportTable.foundation.keys {
      let imports = SourceTree.file(path).map { Import.all(in: Tokenizer.tokens($0.bytes)) } ?? []
      #expect(imports.contains { $0.module.hasPrefix("Foundation") }, "\(path) needs no exception")
    }
  }

  @Test func `a package that is kept behind one file is imported there alone`() {
    for (module, path) in ImportTable.oneFile {
      let files = SourceTree.sources.filter { file in
        Import.all(in: Tokenizer.tokens(file.bytes)).contains { $0.module == module }
      }
      #expect(files.map(\.path) == [path], "\(module)")
    }
  }

  @Test func `tests use Swift Testing, not XCTest`() {
    let findings = SourceTree.tests.flatMap { file in
      Import.all(in: Tokenizer.tokens(file.bytes)).filter { $0.module == "XCTest" }.map {
        Finding(path: file.path, line: $0.line, message: "tests use Swift Testing")
      }
    }
    expectNone(findings)
  }
}

import Testing

@Suite struct ManifestTests {
  let manifest = Manifest(Tokenizer.tokens(SourceTree.file("Package.swift")?.bytes ?? []))

  @Test func `Package swift depends on nothing that the table does not allow`() {
    #expect(manifest.dependencies.count > 1, "Package.swift was not understood")
    for (target, dependencies) in manifest.dependencies where !manifest.tests.contains(target) {
      guard let rule = ImportTable.rule(target) else {
        // Parts that tests share stand below Tests/ and are nobody's floor.
        #expect(!SourceTree.names(in: "Tests/\(target)").isEmpty, "target \(target) is not in ImportTable")
        continue
      }
      let extra = Set(dependencies).subtracting(rule.all)
      #expect(extra.isEmpty, "Package.swift: \(target) must not depend on \(extra.sorted())")
    }
  }

  @Test func `every C library of the table is a system library of the package`() {
    #expect(manifest.systemLibraries == Set(ImportTable.rules.flatMap(\.c)))
  }

  @Test func `what is imported is declared, not found by chance`() {
    var findings: [Finding] = []
    for file in SourceTree.sources {
      guard let declared = manifest.dependencies[file.target] else { continue }
      for found in Import.all(in: Tokenizer.tokens(file.bytes)) where !declared.contains(found.module) {
        if ImportTable.everywhere.contains(found.module) || found.module.hasPrefix("Foundation") { continue }
        let message = "Package.swift does not list \(found.module) for \(file.target)"
        findings.append(Finding(path: file.path, line: found.line, message: message))
      }
    }
    expectNone(findings)
  }

  @Test func `every folder of tests is a target`() {
    let folders = SourceTree.names(in: "Tests").filter {
      !SourceTree.files(below: "Tests/\($0)", ending: ".swift").isEmpty
    }
    for folder in folders {
      #expect(manifest.dependencies[folder] != nil, "Tests/\(folder) is in no target: it never runs")
    }
  }
}

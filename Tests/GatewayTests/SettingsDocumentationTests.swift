import Glibc
import Testing

@testable import Gateway

/// docs/ holds pages that are made from tables in code: these tests compare, or rewrite them when asked to.
@Suite struct SettingsDocumentationTests {
  @Test("docs/settings.md says what the table says")
  func page() throws {
    try GeneratedPage.check("settings.md", SettingsHelp.markdown)
  }

  @Test("the help names every setting and fits a terminal")
  func help() {
    for setting in Setting.table {
      #expect(SettingsHelp.usage.contains("  \(setting.flag) <"))
      #expect(SettingsHelp.usage.contains(setting.environmentName))
    }
    #expect(SettingsHelp.usage.split(separator: "\n").allSatisfy { $0.count <= 110 })
  }
}

enum GeneratedPage {
  /// Compares a page of docs/ with what it should say. With HOGLET_REWRITE_DOCS set, writes it instead.
  static func check(_ name: String, _ content: String) throws {
    let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
    let path = "\(root)/docs/\(name)"
    if ProcessEnvironment.variables["HOGLET_REWRITE_DOCS"] != nil {
      let file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
      defer { close(file) }
      let bytes = Array(content.utf8)
      let written = unsafe write(file, bytes, bytes.count)
      #expect(written == bytes.count, "cannot write docs/\(name)")
      return
    }
    let found = String(decoding: try FileBytes.read(path, bytesMax: 1 << 20), as: UTF8.self)
    #expect(found == content, "run HOGLET_REWRITE_DOCS=1 swift test --filter page, and look at the difference")
  }
}

import Glibc
import Testing

@testable import Mapping

@Suite struct MappingFilesTests {
  /// A folder that is gone when the test is.
  private func withFolder(_ body: (String) throws -> Void) throws {
    var template = Array("/tmp/hoglet-mappings-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw Folder.Failure(path: "/tmp", code: errno) }
    let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    defer { Folder.remove(path) }
    try body(path)
  }

  @Test func `YAML files are loaded sorted, overlays among them, the rest is left alone`() throws {
    try withFolder { folder in
      unsafe mkdir("\(folder)/overlays", 0o700)
      unsafe mkdir("\(folder)/folder.yaml", 0o700)
      for name in ["b.yaml", "a.yaml", "c.yml", "README.md", ".hidden.yaml", "overlays/d.yaml", "overlays/x.txt"] {
        try Folder.write(name, to: "\(folder)/\(name)")
      }
      unsafe symlink("\(folder)/a.yaml", "\(folder)/link.yaml")
      let files = try MappingFiles.load(directory: folder)
      #expect(files.map(\.name) == ["a.yaml", "b.yaml", "c.yml", "link.yaml", "overlays/d.yaml"])
      #expect(files.first?.path == "\(folder)/a.yaml")
      #expect(files.first?.text == Array("a.yaml".utf8))
      #expect(files[3].text == Array("a.yaml".utf8))
    }
  }

  @Test func `a folder that is not there, is a file, or holds nothing is an error that says so`() throws {
    try withFolder { folder in
      #expect(throws: MappingFilesError.empty(directory: folder)) { try MappingFiles.load(directory: folder) }
      let (set, diagnostics) = loadMappings(directory: "\(folder)/none")
      #expect(set == nil)
      #expect(
        Diagnostic.render(diagnostics)
          == "\(folder)/none: error: cannot open the folder \(folder)/none: No such file or directory; "
          + "check that it is there and may be read")
      unsafe symlink("\(folder)/nowhere", "\(folder)/dangling.yaml")
      #expect(throws: MappingFilesError.self) { try MappingFiles.load(directory: folder) }
    }
  }

  @Test func `the limits of a folder`() throws {
    try withFolder { folder in
      for number in 0..<ReadingLimits.filesMax { try Folder.write("", to: "\(folder)/\(number).yaml") }
      #expect(try MappingFiles.load(directory: folder).count == ReadingLimits.filesMax)
      try Folder.write("", to: "\(folder)/more.yaml")
      #expect(throws: MappingFilesError.tooMany(directory: folder, limit: ReadingLimits.filesMax)) {
        try MappingFiles.load(directory: folder)
      }
    }
  }

  @Test func `of a file that is too large just enough is read to tell`() throws {
    try withFolder { folder in
      try Folder.write(String(repeating: "#", count: ReadingLimits.fileBytesMax + 10), to: "\(folder)/a.yaml")
      #expect(try MappingFiles.load(directory: folder).first?.text.count == ReadingLimits.fileBytesMax + 1)
      #expect(loadMappings(directory: folder).set == nil)
    }
  }

  @Test func `files of a folder replace stock ones of the same name`() {
    func file(_ name: String, _ text: String) -> MappingFile {
      MappingFile(name: name, path: "\(text)/\(name)", text: Array(text.utf8))
    }
    let merged = MappingFiles.merged([file("a", "stock"), file("c", "stock")], [file("c", "own"), file("b", "own")])
    #expect(merged.map(\.path) == ["stock/a", "own/b", "own/c"])
  }

  @Test func `a folder's dialect goes over the stock ones`() throws {
    try withFolder { folder in
      try Folder.write("order: [mine, gen-ai]\n", to: "\(folder)/dialects.yaml")
      try Folder.write("dialect: mine\nextends: gen-ai\nmatch: my.key\n", to: "\(folder)/mine.yaml")
      let (set, diagnostics) = loadMappings(directory: folder)
      #expect(set?.order.map(\.value) == ["mine", "gen-ai"], "\(Diagnostic.render(diagnostics))")
    }
  }
}

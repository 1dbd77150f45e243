import Glibc
import Testing

@testable import Mapping

/// Each folder of `Diagnostics` is the good set with some files replaced, and what is said about it in `expected.txt`.
/// `HOGLET_REWRITE=1` writes the expectations; look at the difference before you keep it.
@Suite struct DiagnosticTests {
  @Test(arguments: try Folder.names(in: "\(MappingFixtures.folder)/Diagnostics"))
  func `a bad file is told what is wrong with it`(name: String) throws {
    let files = MappingFiles.merged(
      try MappingFixtures.examples(), try MappingFixtures.files(in: "Diagnostics/\(name)"))
    let (_, diagnostics) = MappingReader.read(files: files)
    let told = Diagnostic.render(diagnostics) + "\n"
    let path = "\(MappingFixtures.folder)/Diagnostics/\(name)/expected.txt"
    if unsafe getenv("HOGLET_REWRITE") != nil { try Folder.write(told, to: path) }
    #expect(told == Folder.text(at: path))
    #expect(!diagnostics.isEmpty)
  }
}

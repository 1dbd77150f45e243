import Testing

@testable import Mapping

@Suite struct StockTests {
  @Test func `the program holds exactly the files of Mappings`() throws {
    let root = MappingFixtures.folder.dropLast("/Tests/MappingTests".count)
    let onDisk = try MappingFiles.load(directory: "\(root)/Mappings")
    let inside = StockMappings.files
    let missing = onDisk.map(\.name).filter { name in !inside.contains { $0.name == name } }
    #expect(missing.isEmpty, "add these to Sources/CStock/stock.c: \(missing)")
    #expect(inside.map(\.name) == inside.map(\.name).sorted())
    for file in inside {
      #expect(onDisk.first { $0.name == file.name }?.text == file.text, "\(file.path)")
    }
  }

  @Test func `nothing is wrong with the stock mappings`() {
    let (set, diagnostics) = loadMappings(directory: nil)
    #expect(set != nil)
    let wrong = diagnostics.filter { $0.severity != .note }
    #expect(wrong.isEmpty, "\(Diagnostic.render(wrong))")
  }
}

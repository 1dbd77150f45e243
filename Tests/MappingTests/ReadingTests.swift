import Testing

@testable import Mapping

@Suite struct ReadingTests {
  @Test func `the examples have nothing wrong with them`() throws {
    let (_, diagnostics) = MappingReader.read(files: try MappingFixtures.examples())
    #expect(diagnostics.isEmpty, "\(Diagnostic.render(diagnostics))")
  }
}

import Glibc
import Testing

@testable import Mapping

@Suite struct SchemaTests {
  private static let path =
    "\(MappingFixtures.folder.dropLast("/Tests/MappingTests".count))/Mappings/mapping.schema.json"

  /// `HOGLET_REWRITE=1` writes it anew after a word, a property, a table or a dialect was added.
  @Test func `mapping.schema.json says what the checker knows`() throws {
    let text = MappingSchema(try #require(loadMappings(directory: nil).set)).text
    if unsafe getenv("HOGLET_REWRITE") != nil { try Folder.write(text, to: Self.path) }
    let isSame = Folder.text(at: Self.path) == text
    #expect(isSame, "run HOGLET_REWRITE=1 swift test --filter SchemaTests")
  }

  /// What an editor offers stands in the schema, with a sentence to each.
  @Test func `every word, property, table, kind and event is in it`() throws {
    let set = try #require(loadMappings(directory: nil).set)
    let text = MappingSchema(set).text
    let explained =
      RuleWord.words + DialectKey.words + OverlayKey.words + PropertyKey.words + KindKey.words + Comparison.words
      + Switch.words + set.properties.map(\.name)
    for word in explained {
      #expect(text.contains("\"\(word)\": {\"description\": ") || text.contains("\"\(word)\": {\n"), "\(word)")
    }
    let offered =
      set.tables.map(\.name) + set.dialects.map(\.name.value) + Kind.allCases.map(\.rawValue)
      + EventName.allCases.map(\.rawValue) + PropertyType.allCases.map(\.rawValue) + TimeUnit.allCases.map(\.rawValue)
    for word in offered { #expect(text.contains("\"\(word)\""), "\(word)") }
    for property in set.properties where !property.about.isEmpty {
      #expect(text.contains(" (\(property.type.rawValue))"), "\(property.name)")
    }
  }
}

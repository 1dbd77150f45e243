import Glibc
import Testing

@testable import Mapping

@Suite struct StockTests {
  private let root = String(MappingFixtures.folder.dropLast("/Tests/MappingTests".count))

  /// `HOGLET_REWRITE=1` writes it anew after a file was added to Mappings/ or taken away.
  @Test func `stock.c names exactly the files of Mappings`() throws {
    let path = "\(root)/Sources/CStock/stock.c"
    let wanted = Self.source(naming: try MappingFiles.load(directory: "\(root)/Mappings").map(\.name))
    if unsafe getenv("HOGLET_REWRITE") != nil { try Folder.write(wanted, to: path) }
    #expect(Folder.text(at: path) == wanted, "run HOGLET_REWRITE=1 swift test --filter StockTests")
  }

  @Test func `the program holds those files as they are`() throws {
    let files = try MappingFiles.load(directory: "\(root)/Mappings")
    #expect(StockMappings.files.map(\.name) == files.map(\.name), "build again")
    for (inside, file) in zip(StockMappings.files, files) {
      let isSame = inside.text == file.text
      #expect(isSame, "\(file.name): build again")
    }
    #expect(StockMappings.files.contains { $0.path == "Mappings/common.yaml" })
  }

  @Test func `nothing is wrong with the stock mappings`() {
    let (set, diagnostics) = loadMappings(directory: nil)
    #expect(set != nil)
    let wrong = diagnostics.filter { $0.severity != .note }
    #expect(wrong.isEmpty, "\(Diagnostic.render(wrong))")
  }

  private static func source(naming names: [String]) -> String {
    func symbol(_ name: String) -> String {
      String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }
    let arrays = names.map {
      "static const unsigned char \(symbol($0))[] = {\n#embed \"../../Mappings/\($0)\"\n};\n"
    }
    let rows = names.map { "    {\"\($0)\", \(symbol($0)), sizeof \(symbol($0))},\n" }
    return """
      // The stock mappings, put into the program by the compiler: Mappings/ stays the only place where they are written, and
      // a change there compiles in a moment (SwiftPM's own embedding took 30 s for 200 KB). StockTests writes this file.
      #include "stock.h"

      // #embed is C23; clang knows it in every C.
      #pragma clang diagnostic ignored "-Wc23-extensions"

      \(arrays.joined())
      static const struct stock_file files[] = {
      \(rows.joined())};

      size_t stock_file_count(void) { return sizeof files / sizeof files[0]; }

      struct stock_file stock_file_at(size_t number) { return files[number]; }

      """
  }
}

import Testing

@Suite struct TokenizerTests {
  private func texts(_ code: String) -> [String] { Tokenizer.tokens(code).map(\.text) }

  @Test func `comments vanish, nested ones too`() {
    #expect(texts("a // b { \" \nc /* d /* e } */ \" */ f") == ["a", "c", "f"])
  }

  @Test func `braces and quotes in strings are no code`() {
    #expect(texts(#"a("{ \" }", "//")"#) == ["a", "(", #"{ \" }"#, ",", "//", ")"])
    #expect(texts("let a = #\"x \" \\( y\"# {}") == ["let", "a", "=", "x \" \\( y", "{", "}"])
    #expect(texts("\"\"\"\n a \"b\" {\n\"\"\" c") == ["\n a \"b\" {\n", "c"])
    #expect(texts(#""" b"#) == ["", "b"])
  }

  @Test func `an interpolation is code`() {
    let tokens = Tokenizer.tokens(#""a \(b.map { "c\($0)" }) d" e"#)
    #expect(tokens.filter { $0.kind == .word }.map(\.text) == ["b", "map", "0", "e"])
    #expect(tokens.count { $0.text == "{" } == 1 && tokens.count { $0.text == "}" } == 1)
  }

  @Test func `a raw identifier is one word`() {
    #expect(
      texts("func `it's a \"test\" // really {`() {}") == ["func", "`it's a \"test\" // really {`", "(", ")", "{", "}"])
  }

  @Test func `lines are counted through strings and comments`() {
    let tokens = Tokenizer.tokens("a\n/* \n */ \"\"\"\nb\n\"\"\"\nc \"d\" // e\nf")
    #expect(tokens.map(\.line) == [1, 3, 6, 6, 7])
  }

  @Test func `an unfinished string or comment ends with the file`() {
    for code in ["\"abc", "\"\"\"abc\n", "/* abc", "\"a \\(b", "`abc", "#\"abc\""] { _ = Tokenizer.tokens(code) }
  }

  @Test func `functions are measured from keyword to closing brace`() {
    let code = """
      protocol P {
        func none(_ a: Int) -> Int?
        init(b: Int)
        var c: Int { get }
      }
      struct S {
        init(_ a: [Int] = { [1] }()) {
          self = .init(a)
        }
        func one<T>(_ a: T) throws(E) -> (T) -> Int where T: P {
          let text = "}"
          func inner() { /* } */ }
          return { _ in 1 }
        }
        deinit { }
      }
      """
    let functions = Function.all(in: Tokenizer.tokens(code))
    #expect(functions.map(\.name) == ["init", "one", "inner", "deinit"])
    #expect(functions.map(\.lines) == [3, 5, 1, 1])
    #expect(functions.map(\.line) == [7, 10, 12, 15])
  }

  @Test func `imports are found in every spelling`() {
    let code = """
      import A
      package import B
      @_exported public import C
      @testable import D
      import struct E.F
      // import G
      let text = "import H"
      """
    #expect(Import.all(in: Tokenizer.tokens(code)).map(\.module) == ["A", "B", "C", "D", "E"])
  }

  @Test func `a manifest is read as SwiftPM reads it`() {
    let manifest = Manifest(
      Tokenizer.tokens(
        """
        func target(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
          .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
        }
        let many: [Target.Dependency] = [.product(name: "N1", package: "n"), .product(name: "N2", package: "n")]
        let package = Package(name: "p", targets: [
          system("CX", "x", apt: ["libx-dev"]),
          target("A", []),
          target("B", ["A", .product(name: "Y", package: "Yams")], resources: [.embedInCode("R")]),
          target(
            "C", many + ["A"]),
          .executableTarget(name: "d", dependencies: ["B"], path: "Sources/d", swiftSettings: settings),
          test("ATests", ["A"]),
        ])
        """))
    #expect(
      manifest.dependencies == ["A": [], "B": ["A", "Y"], "C": ["N1", "N2", "A"], "d": ["B"], "ATests": ["A"]])
    #expect(manifest.tests == ["ATests"] && manifest.systemLibraries == ["CX"])
  }
}

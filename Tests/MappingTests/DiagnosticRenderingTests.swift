import Testing

@testable import Mapping

@Suite struct DiagnosticRenderingTests {
  @Test func `a diagnostic shows the line, carets below the place and what was meant`() {
    let line = "  $ai_input_token:   [gen_ai.usage.input_tokens]"
    let diagnostic = Diagnostic(
      .error, "no property '$ai_input_token' in properties.yaml", file: "Mappings/traceloop.yaml",
      position: Position(file: 0, line: 18, column: 3, length: 15), line: line, suggestion: "$ai_input_tokens")
    #expect(
      diagnostic.description == """
        Mappings/traceloop.yaml:18:3: error: no property '$ai_input_token' in properties.yaml
         18 |   $ai_input_token:   [gen_ai.usage.input_tokens]
            |   ^^^^^^^^^^^^^^^ did you mean '$ai_input_tokens'?
        """)
  }

  @Test func `tabs are kept so that carets stand right, and carets end with the line`() {
    let diagnostic = Diagnostic(
      .warning, "m", file: "f", position: Position(file: 0, line: 1, column: 3, length: 99), line: "\tabc")
    #expect(diagnostic.description == "f:1:3: warning: m\n 1 | \tabc\n   | \t ^^")
  }

  @Test func `without a line the suggestion follows the message`() {
    let place = Position(file: 0, line: 1, column: 900)
    #expect(
      Diagnostic(.error, "m", file: "f", position: place, suggestion: "n").description
        == "f:1:900: error: m; did you mean 'n'?")
    #expect(Diagnostic(.note, "m", file: "f").description == "f: note: m")
  }

  @Test func `lines are shown up to a length`() {
    let longest = String(repeating: "é", count: ReadingLimits.shownLineMax)
    #expect(SourceText(path: "f", text: longest).line(1) == longest)
    #expect(SourceText(path: "f", text: longest + "e").line(1) == nil)
    #expect(SourceText(path: "f", text: "a").line(2) == nil)
    #expect(SourceText(path: "f", text: "a").line(0) == nil)
  }

  @Test func `for programs each is one line of JSON`() {
    let diagnostics = [
      Diagnostic(
        .error, "a \"b\"", file: "f", position: Position(file: 0, line: 2, column: 3, length: 4), suggestion: "c"),
      Diagnostic(.note, "m", file: "g\n"),
    ]
    #expect(
      Diagnostic.renderJSON(diagnostics) == """
        {"severity":"error","file":"f","line":2,"column":3,"length":4,"message":"a \\"b\\"","suggestion":"c"}
        {"severity":"note","file":"g\\n","message":"m"}

        """)
  }
}

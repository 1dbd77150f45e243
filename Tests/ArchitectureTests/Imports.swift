/// One `import` of a file.
struct Import: Equatable {
  var module: String
  var line: Int
}

extension Import {
  private static let kinds: Set<String> = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]

  static func all(in tokens: [Token]) -> [Import] {
    var imports: [Import] = []
    for index in tokens.indices where tokens[index].kind == .word && tokens[index].text == "import" {
      var next = index + 1
      if next < tokens.count, kinds.contains(tokens[next].text) { next += 1 }
      guard next < tokens.count, tokens[next].kind == .word else { continue }
      imports.append(Import(module: tokens[next].text, line: tokens[index].line))
    }
    return imports
  }
}

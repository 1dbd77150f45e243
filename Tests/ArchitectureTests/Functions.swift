/// A function, initialiser or deinitialiser with a body.
struct Function: Equatable {
  var name: String
  var line: Int
  /// From the line of its keyword to that of its closing brace.
  var lines: Int
}

extension Function {
  /// Words that begin another declaration: where one stands before any brace, the function has no body (a protocol's).
  private static let otherDeclarations: Set<String> = [
    "func", "init", "deinit", "var", "let", "struct", "class", "enum", "actor", "protocol", "extension", "subscript",
    "typealias", "associatedtype", "case", "import",
  ]

  /// Every function of a file, nested ones too.
  static func all(in tokens: [Token]) -> [Function] {
    var functions: [Function] = []
    for index in tokens.indices where begins(tokens, index) {
      guard let open = bodyStart(tokens, after: index), let close = matchingBrace(tokens, open) else { continue }
      let isNamed = tokens[index].text == "func" && index + 1 < tokens.count
      functions.append(
        Function(
          name: isNamed ? tokens[index + 1].text : tokens[index].text, line: tokens[index].line,
          lines: tokens[close].line - tokens[index].line + 1))
    }
    return functions
  }

  private static func begins(_ tokens: [Token], _ index: Int) -> Bool {
    let token = tokens[index]
    guard token.kind == .word else { return false }
    if token.text == "func" { return true }
    guard token.text == "init" || token.text == "deinit" else { return false }
    if index > 0, tokens[index - 1].text == "." { return false }
    guard index + 1 < tokens.count else { return false }
    return ["(", "?", "!", "<", "{"].contains(tokens[index + 1].text)
  }

  private static func bodyStart(_ tokens: [Token], after start: Int) -> Int? {
    var depth = 0
    for index in tokens.indices.dropFirst(start + 1) {
      let token = tokens[index]
      switch (token.kind, token.text) {
      case (.mark, "("), (.mark, "["): depth += 1
      case (.mark, ")"), (.mark, "]"): depth -= 1
      case (.mark, "{") where depth == 0: return index
      case (.mark, "}") where depth == 0: return nil
      case (.word, let word) where depth == 0 && index > start + 1 && otherDeclarations.contains(word): return nil
      default: break
      }
    }
    return nil
  }

  private static func matchingBrace(_ tokens: [Token], _ open: Int) -> Int? {
    var depth = 0
    for index in tokens.indices.dropFirst(open) where tokens[index].kind == .mark {
      if tokens[index].text == "{" { depth += 1 }
      if tokens[index].text == "}" { depth -= 1 }
      if depth == 0 { return index }
    }
    return nil
  }
}

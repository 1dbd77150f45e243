/// What Package.swift says: the targets and what each depends on, read from its text.
struct Manifest {
  /// Target → names of the targets and products it depends on.
  private(set) var dependencies: [String: [String]] = [:]
  private(set) var tests: Set<String> = []
  private(set) var systemLibraries: Set<String> = []

  /// Knows the calls that Package.swift is made of: `target(…)`, `test(…)`, `system(…)`, `.executableTarget(…)`, and
  /// lists of dependencies that have a name of their own (`let nio: [Target.Dependency] = […]`).
  init(_ tokens: [Token]) {
    var lists: [String: [String]] = [:]
    for index in tokens.indices where tokens[index].kind == .word {
      let word = tokens[index].text
      if word == "let", index + 1 < tokens.count {
        let declaration = tokens[index...].prefix { $0.text != "=" }
        guard declaration.contains(where: { $0.text == "Dependency" }) else { continue }
        lists[tokens[index + 1].text] = Self.names(Self.group(tokens, from: declaration.endIndex + 1), lists)
        continue
      }
      guard ["target", "test", "system", "executableTarget", "testTarget"].contains(word) else { continue }
      guard index + 1 < tokens.count, tokens[index + 1].text == "(" else { continue }
      let arguments = Self.group(tokens, from: index + 1)
      // A call names its target in its first string; a declaration of such a function has none there.
      guard let name = arguments.first(where: { $0.kind == .string }), name.line - tokens[index].line <= 1 else {
        continue
      }
      if index > 0, tokens[index - 1].text == "func" { continue }
      if word == "system" {
        systemLibraries.insert(name.text)
        continue
      }
      if word.hasPrefix("test") { tests.insert(name.text) }
      let rest = arguments.drop { $0 != name }.dropFirst()
      dependencies[name.text] = Self.names(
        Array(rest.prefix { !["resources", "swiftSettings", "extra", "exclude"].contains($0.text) }), lists)
    }
  }

  /// The tokens from an opening bracket to the one that closes it.
  private static func group(_ tokens: [Token], from start: Int) -> [Token] {
    var depth = 0
    for index in tokens.indices.dropFirst(start) where tokens[index].kind == .mark {
      if "([".contains(tokens[index].text) { depth += 1 }
      if ")]".contains(tokens[index].text) { depth -= 1 }
      if depth == 0 { return Array(tokens[start...index]) }
    }
    return []
  }

  private static func names(_ tokens: [Token], _ lists: [String: [String]]) -> [String] {
    var names: [String] = []
    for (index, token) in tokens.enumerated() {
      if token.kind == .word, let list = lists[token.text] { names += list }
      guard token.kind == .string else { continue }
      let label = index > 1 && tokens[index - 1].text == ":" ? tokens[index - 2].text : ""
      if label != "package", label != "path" { names.append(token.text) }
    }
    return names
  }
}

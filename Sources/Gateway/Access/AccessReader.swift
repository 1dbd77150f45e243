import Codec
import Mapping

/// Reads access files: YAML to an `Access`, and everything that is wrong with it at once.
///
/// An error says where, but repeats neither values nor long names: people put secrets in wrong places too.
struct AccessReader {
  let path: String
  let environment: [String: String]
  private(set) var files: [String]
  private(set) var signature: FolderSignature
  private var diagnostics: [Diagnostic] = []
  var access = Access()
  private var projectNumbers: [String: Int] = [:]

  /// Projects, gateway keys or keys of tokens in one file: ten times as many as lanes.
  static let entriesMax = 10_000
  /// A gateway key given as text: what `openssl rand -hex 8` makes; shorter ones are guessed.
  static let keyCharactersMin = 16

  init(path: String, signature: FolderSignature, environment: [String: String]) {
    self.path = path
    self.signature = signature
    self.environment = environment
    files = [path]
  }

  var errors: [String] {
    diagnostics.enumerated().sorted {
      (line($0.element), $0.offset) < (line($1.element), $1.offset)
    }.map(\.element.headline)
  }

  private func line(_ diagnostic: Diagnostic) -> Int { diagnostic.position?.line ?? 0 }

  /// Nil if there are errors.
  mutating func read(_ text: [UInt8]) async -> Access? {
    let (root, found) = YAMLDocument.read(path: path, text: text)
    for diagnostic in found {
      diagnostics.append(
        Diagnostic(
          diagnostic.severity, Self.masked(diagnostic.message), file: path, position: diagnostic.position))
    }
    guard let root, let parts = members(root, "an access file", ["projects", "keys", "allow", "jwt"]) else {
      return nil
    }
    if let projects = parts["projects"] { readProjects(projects) }
    if let keys = parts["keys"] { readKeys(keys) }
    if let allow = parts["allow"] { readAllow(allow) }
    if let jwt = parts["jwt"] { await readTokens(jwt) }
    if diagnostics.isEmpty, parts["keys"] == nil, parts["allow"] == nil, parts["jwt"] == nil {
      error("nobody may send: add keys, allow or jwt", root)
    }
    return diagnostics.contains { $0.severity == .error } ? nil : access
  }

  // MARK: Sections

  private mutating func readProjects(_ node: YAMLNode) {
    var teams: Set<Int> = []
    var keys: Set<SecretDigest> = []
    for (name, node) in named(node, "projects") {
      guard let parts = members(node, "a project", ["key", "team_id"]) else { continue }
      var project = Access.Project(name: name, key: Secret(""))
      if let key = parts["key"], let text = source(key, "key") {
        switch SettingKind<Secret>.projectKey.read(text) {
        case .success(let secret): project.key = secret
        case .failure(let complaint): error("key: \(complaint.text)", key)
        }
        if !keys.insert(SecretDigest(of: text)).inserted { error("key: another project has the same", key) }
      } else if parts["key"] == nil {
        error("a project needs its key (phc_…)", node)
      }
      if let number = parts["team_id"] {
        project.team = wholeNumber(number)
        if let team = project.team, !teams.insert(team).inserted {
          error("team_id: another project has the same", number)
        }
      }
      projectNumbers[name] = access.projects.count
      access.projects.append(project)
    }
  }

  private mutating func readKeys(_ node: YAMLNode) {
    for (_, node) in named(node, "keys") {
      guard let parts = members(node, "a key", ["sha256", "key", "projects"]) else { continue }
      let granted = parts["projects"].map { projects($0) } ?? []
      if parts["projects"] == nil { error("a key needs the projects it may write to", node) }
      if granted.count > 1, let teamless = granted.first(where: { access.projects[$0].team == nil }) {
        error(
          "project\(shown(access.projects[teamless].name)) needs a team_id, by which clients choose among several",
          node)
      }
      guard let digest = digest(parts, node) else { continue }
      if access.keys.updateValue(granted, forKey: digest) != nil { error("this key stands here twice", node) }
    }
  }

  private mutating func digest(_ parts: [String: YAMLNode], _ node: YAMLNode) -> SecretDigest? {
    switch (parts["sha256"], parts["key"]) {
    case (let hash?, nil):
      guard let text = text(hash, "sha256") else { return nil }
      guard let digest = SecretDigest(hex: text) else {
        error("sha256: not 64 hexadecimal digits; write what printf %s KEY | sha256sum prints", hash)
        return nil
      }
      return digest
    case (nil, let key?):
      guard let text = source(key, "key") else { return nil }
      guard text.utf8.count >= Self.keyCharactersMin, text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
        let rule = "\(Self.keyCharactersMin) visible characters of ASCII or more, as from openssl rand -hex 32"
        error("key: too short, or not text that a header can carry; \(rule)", key)
        return nil
      }
      return SecretDigest(of: text)
    default:
      error("a key is given by sha256 or by key, one of them", node)
      return nil
    }
  }

  private mutating func readAllow(_ node: YAMLNode) {
    if case .scalar("any", isQuoted: false) = node.content {
      access.passesAny = true
      // Those that are known have a team.
      for (number, project) in access.projects.enumerated() {
        access.passing[SecretDigest(of: project.key.reveal())] = number
      }
      return
    }
    for number in projects(node) { access.passing[SecretDigest(of: access.projects[number].key.reveal())] = number }
  }

  // MARK: What the sections need

  mutating func error(_ message: String, _ node: YAMLNode, suggestion: String? = nil) {
    error(message, at: node.position, suggestion: suggestion)
  }

  private mutating func error(_ message: String, at position: Position, suggestion: String? = nil) {
    diagnostics.append(Diagnostic(.error, message, file: path, position: position, suggestion: suggestion))
  }

  /// The members of a map; others than `known` are errors.
  mutating func members(_ node: YAMLNode, _ what: String, _ known: [String]) -> [String: YAMLNode]? {
    guard case .map(let entries) = node.content else {
      error("\(what) is a map of \(known.joined(separator: ", ")); this is \(node.kindName)", node)
      return nil
    }
    var members: [String: YAMLNode] = [:]
    for entry in entries {
      if known.contains(entry.key.value) {
        members[entry.key.value] = entry.value
      } else {
        let nearest = Suggestion.nearest(to: entry.key.value, in: known)
        let hint = nearest == nil ? " (known: \(known.joined(separator: ", ")))" : ""
        error("\(what) has no such word\(shown(entry.key.value))\(hint)", at: entry.key.position, suggestion: nearest)
      }
    }
    return members
  }

  /// The entries of a map of names, bounded.
  mutating func named(_ node: YAMLNode, _ what: String) -> [(name: String, node: YAMLNode)] {
    guard case .map(let entries) = node.content else {
      error("\(what) is a map with a name for each; this is \(node.kindName)", node)
      return []
    }
    if entries.count > Self.entriesMax { error("\(what): more than \(Self.entriesMax)", node) }
    return entries.prefix(Self.entriesMax).map { ($0.key.value, $0.value) }
  }

  /// Names of projects, one or a list.
  mutating func projects(_ node: YAMLNode) -> [Int] {
    if case .list(let names) = node.content, names.isEmpty { error("an empty list", node) }
    var numbers: [Int] = []
    for node in node.oneOrMany {
      guard let name = text(node, "a project") else { continue }
      if let number = projectNumbers[name] {
        if numbers.contains(number) { error("this project stands here twice", node) }
        numbers.append(number)
        continue
      }
      let nearest = Suggestion.nearest(to: name, in: projectNumbers.keys.sorted())
      error("no such project\(shown(name)) under projects", node, suggestion: nearest)
    }
    return numbers
  }

  mutating func text(_ node: YAMLNode, _ what: String) -> String? {
    if case .scalar(let text, _) = node.content, !node.isNull, !text.isEmpty { return text }
    error("\(what) must be text, this is \(node.kindName)", node)
    return nil
  }

  private mutating func wholeNumber(_ node: YAMLNode) -> Int? {
    if case .scalar(let text, _) = node.content, let number = Int(text), number > 0 { return number }
    error("team_id: not a whole number above 0 (PostHog shows it in the project's settings)", node)
    return nil
  }

  /// A text as such, from a file (`{file: PATH}`) or from an environment variable (`{env: NAME}`), without the white space
  /// around it.
  mutating func source(_ node: YAMLNode, _ what: String) -> String? {
    guard case .map = node.content else { return text(node, what) }
    guard let parts = members(node, what, ["file", "env"]) else { return nil }
    switch (parts["file"], parts["env"]) {
    case (let file?, nil): return text(file, "file").flatMap { content(of: $0, file) }
    case (nil, let name?):
      guard let variable = text(name, "env") else { return nil }
      if let value = environment[variable]?.trimmedBlanks, !value.isEmpty { return value }
      error("\(what): the environment variable\(shown(variable)) is not set, or empty", name)
      return nil
    default:
      error("\(what) is text, {file: PATH} or {env: NAME}", node)
      return nil
    }
  }

  /// Relative paths begin where the access file is.
  private mutating func content(of name: String, _ node: YAMLNode) -> String? {
    guard !name.contains("-----"), !name.utf8.contains(where: { $0 < 0x20 }) else {
      error("not a path; write the path of the file, not its content", node)
      return nil
    }
    let path = name.hasPrefix("/") ? name : "\(FolderWatch.parent(of: path))/\(name)"
    if !files.contains(path) {
      files.append(path)
      signature.add(path)
    }
    do throws(FileBytes.Failure) {
      let text = String(decoding: try FileBytes.read(path, bytesMax: ReadingLimits.fileBytesMax), as: UTF8.self)
      let value = text.trimmedBlanks
      if value.isEmpty { error("this file is empty", node) }
      return value.isEmpty ? nil : value
    } catch {
      // Without its name: somebody may have put there what should stand in the file.
      let reason =
        switch error {
        case .missing: "no such file (relative paths begin in the access file's folder)"
        case .unreadable(_, let reason): "this file cannot be read: \(reason)"
        case .tooLarge(_, let bytesMax): "this file is larger than \(WrittenUnits.text(bytesMax))"
        }
      self.error(reason, node)
      return nil
    }
  }

  /// A word for an error, with a blank before it; nothing if it may be a secret.
  func shown(_ word: String) -> String { Redaction.word(word) }

  /// An error of the YAML reader without what may be a secret: it quotes keys that are given twice.
  static func masked(_ message: String) -> String {
    let pieces = message.split(separator: "'", omittingEmptySubsequences: false)
    return Redaction.scrub(
      pieces.enumerated().map {
        $0.offset % 2 == 1 && $0.element.count > Redaction.wordCharactersMax ? "…" : $0.element
      }
      .joined(separator: "'"))
  }
}

extension String {
  /// Files and variables often end in a newline.
  fileprivate var trimmedBlanks: String {
    let isBlank = { (character: Character) in character.isWhitespace }
    guard let first = firstIndex(where: { !isBlank($0) }), let last = lastIndex(where: { !isBlank($0) }) else {
      return ""
    }
    return String(self[first...last])
  }
}

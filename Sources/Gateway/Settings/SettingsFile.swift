import Configuration
import Synchronization

/// The settings in a YAML file: sections by the first word of a setting's name, values as on the command line.
struct SettingsFile: Sendable {
  /// What was found, by the setting's name.
  private(set) var values: [String: String] = [:]
  private(set) var problems: [String] = []

  /// A person's settings; more is a mistake.
  static let bytesMax = 1 << 20

  static let standardPath = "hoglet.yaml"

  init() {}

  init(path: String, bytes: [UInt8]) {
    // A file with nothing but blanks and comments has no mapping, which swift-configuration takes for an error.
    guard Self.saysSomething(bytes) else { return }
    let keys = KeyList()
    let options = YAMLSnapshot.ParsingOptions(secretsSpecifier: .dynamic { key, _ in keys.note(key) })
    do {
      let snapshot = try unsafe YAMLSnapshot(data: bytes.span.bytes, providerName: path, parsingOptions: options)
      for key in keys.sorted { take(key, of: snapshot, path) }
    } catch {
      problems.append("\(path): \(Self.firstSentence(of: String(describing: error)))")
    }
  }

  private mutating func take(_ key: String, of snapshot: YAMLSnapshot, _ path: String) {
    let isKnown = Setting.table.contains { $0.name == key }
    let isSection = Setting.table.contains { $0.name.hasPrefix(key + ".") }
    let components = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    if Setting.table.contains(where: { $0.name == key && $0.isList }),
      let content = try? snapshot.value(forKey: AbsoluteConfigKey(components), type: .stringArray).value?.content,
      case .stringArray(let names) = content
    {
      values[key] = names.joined(separator: ",")
      return
    }
    guard let text = try? snapshot.value(forKey: AbsoluteConfigKey(components), type: .string).value?.content,
      case .string(let value) = text
    else {
      problems.append("\(path): \(Redaction.scrub(key)): \(isKnown ? "a list; write one value" : unknown(key))")
      return
    }
    let isEmpty = ["", "~", "null"].contains(value)
    if isKnown {
      if !isEmpty { values[key] = value }
    } else if !(isSection && isEmpty) {
      problems.append(
        "\(path): \(Redaction.scrub(key)): \(isSection ? "a section; write its settings below it" : unknown(key))")
    }
  }

  private func unknown(_ key: String) -> String {
    "no such setting"
      + (Suggestion.nearest(to: key, in: Setting.table.map(\.name)).map { "; did you mean \($0)?" } ?? "")
  }

  private static func saysSomething(_ bytes: [UInt8]) -> Bool {
    bytes.split(separator: UInt8(ascii: "\n")).contains { line in
      guard let first = line.first(where: { $0 > 0x20 }) else { return false }
      return first != UInt8(ascii: "#") && !line.elementsEqual("---".utf8)
    }
  }

  /// Yams quotes the lines around a syntax error, which may hold a key: only what stands before them is shown.
  private static func firstSentence(of description: String) -> String {
    var lines = [Substring]()
    for line in description.split(separator: "\n").prefix(2) {
      lines.append(line)
      if line.hasSuffix(":") { break }
    }
    let text = lines.joined(separator: " ")
    return Redaction.scrub(text.hasSuffix(":") ? String(text.dropLast()) : text)
  }
}

/// The keys of a file. swift-configuration has no list of them, but asks of every one whether it is secret.
private final class KeyList: Sendable {
  private let keys = Mutex<[String]>([])

  /// Remembers the key; all are secret as far as swift-configuration is concerned.
  func note(_ key: String) -> Bool {
    keys.withLock { $0.append(key) }
    return true
  }

  var sorted: [String] { keys.withLock { $0.sorted() } }
}

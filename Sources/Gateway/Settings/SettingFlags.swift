/// What stands on the command line of `hoglet serve`: a flag for every setting, `--config FILE` and `--help`.
package struct SettingFlags: Sendable, Equatable {
  /// Values as typed, by the setting's name.
  package private(set) var values: [String: String] = [:]
  package private(set) var configPath: String?
  package private(set) var wantsHelp = false

  static let configFlag = "--config"

  package init() {}

  /// Reads `--name value`, `--name=value`, for yes-or-no settings also `--name` and `--no-name`. The last of several
  /// wins, so that a script can append to a default. All unknown words are reported at once.
  package init(_ arguments: [String]) throws(UsageError) {
    var problems = [String]()
    var rest = arguments[...]
    while let word = rest.popFirst() {
      if word == "--help" || word == "-h" {
        wantsHelp = true
      } else if let problem = take(word, &rest) {
        problems.append(problem)
      }
    }
    if !problems.isEmpty { throw UsageError(problems) }
  }

  private mutating func take(_ word: String, _ rest: inout ArraySlice<String>) -> String? {
    let equals = word.firstIndex(of: "=")
    let flag = String(word[..<(equals ?? word.endIndex)])
    var value = equals.map { String(word[word.index(after: $0)...]) }
    let setting = Setting.table.first { $0.flag == flag }
    if value == nil, let setting, setting.isBool {
      value = "true"
    } else if value == nil,
      let setting = Setting.table.first(where: { $0.isBool && "--no" + $0.flag.dropFirst() == flag })
    {
      values[setting.name] = "false"
      return nil
    }
    guard setting != nil || flag == Self.configFlag else { return unknown(flag) }
    // A flag where the value should be is a forgotten value, not a value that begins with dashes.
    if value == nil, rest.first?.hasPrefix("--") == false { value = rest.popFirst() }
    guard let value else { return "\(flag) needs a value" }
    if let setting { values[setting.name] = value } else { configPath = value }
    return nil
  }

  private func unknown(_ flag: String) -> String {
    guard flag.hasPrefix("-") else { return "unexpected word '\(Redaction.scrub(flag))'" }
    let known = Setting.table.map(\.flag) + [Self.configFlag, "--help"]
    return "unknown flag \(Redaction.scrub(flag))"
      + (Suggestion.nearest(to: flag, in: known).map { "; did you mean \($0)?" } ?? "")
  }
}

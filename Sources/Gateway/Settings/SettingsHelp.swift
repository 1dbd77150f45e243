/// The settings as text: `hoglet serve --help` and docs/settings.md.
package enum SettingsHelp {
  /// What `hoglet serve --help` shows.
  package static var usage: String {
    var text = """
      Receive OpenTelemetry, deliver to PostHog.

      USAGE: hoglet serve [--config FILE] [--SETTING VALUE ...]

      Each setting can be given as a flag, as an environment variable, or in a YAML file (--config FILE or
      HOGLET_CONFIG, else \(SettingsFile.standardPath) in the working directory), and counts in that
      order. Durations: 250ms, 10s, 5m, 1h, 7d. Byte counts: 64MiB, 1GiB, 500kB.

      With neither PostHog's host nor a key set, everything is kept here for 'hoglet events'.

      """
    for setting in Setting.table {
      text += "\n  \(setting.flag) <\(setting.kind)>\n" + wrapped(setting.sentence, indent: 6)
      text += wrapped("(\(facts(of: setting).joined(separator: "; ")))", indent: 6)
    }
    return text
  }

  /// The content of docs/settings.md.
  package static var markdown: String {
    var text = """
      # Settings

      <!-- Made from Setting.table by the tests; HOGLET_REWRITE_DOCS=1 swift test --filter page rewrites it. -->

      Each setting can be given, strongest first, as

      1. a flag of `hoglet serve`: `--trace-quiet 5s` or `--trace-quiet=5s` (yes-or-no settings also bare, or as
         `--no-…`),
      2. an environment variable: `HOGLET_TRACE_QUIET=5s`,
      3. for three of them, a well-known variable that other programs read too: \(others),
      4. a YAML file: `--config FILE`, else the one that `HOGLET_CONFIG` names, else `\(SettingsFile.standardPath)` in
         the working directory.

      An empty value counts as not given. A wrong value or an unknown key in the file stops the start with exit code 78
      and a list of everything that is wrong; an unknown `HOGLET_…` variable is a warning.

      Durations are written `250ms`, `10s`, `5m`, `1h`, `7d`; byte counts `64MiB`, `1GiB`, `500kB`, or plain.

      With neither `posthog.host` nor `posthog.api_key` set, the gateway runs in local mode: it keeps everything for
      `hoglet events` and sends nothing anywhere.

      ```yaml
      # hoglet.yaml
      posthog:
        host: https://eu.i.posthog.com
      trace:
        quiet: 5s
      ```

      | setting | variable | kind | default | |
      |---|---|---|---|---|

      """
    for setting in Setting.table {
      let kind = setting.kind + (setting.allowed.isEmpty ? "" : " (\(setting.allowed))")
      let initial = setting.initial.isEmpty ? "" : "`\(setting.initial)`"
      text += "| `\(setting.name)` | `\(setting.environmentName)` | \(kind) | \(initial) | \(setting.sentence) |\n"
    }
    return text
  }

  private static var others: String {
    Setting.table.compactMap(\.otherEnvironmentName).map { "`\($0)`" }.joined(separator: ", ")
  }

  private static func facts(of setting: Setting) -> [String] {
    var facts = [setting.environmentName]
    if let other = setting.otherEnvironmentName { facts[0] += " or \(other)" }
    if !setting.initial.isEmpty { facts.append("default \(setting.initial)") }
    if !setting.allowed.isEmpty { facts.append(setting.allowed) }
    return facts
  }

  /// What a terminal shows without breaking lines itself.
  private static let columns = 96

  private static func wrapped(_ sentence: String, indent: Int) -> String {
    let margin = String(repeating: " ", count: indent)
    var text = ""
    var line = margin
    for word in sentence.split(separator: " ") {
      if line.count + word.count + 1 > columns {
        text += line + "\n"
        line = margin
      }
      line += (line.count > indent ? " " : "") + word
    }
    return text + line + "\n"
  }
}

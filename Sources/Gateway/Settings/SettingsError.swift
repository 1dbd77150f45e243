/// Words on the command line that mean nothing: exit code 64 (EX_USAGE).
package struct UsageError: Error, Sendable, Equatable, CustomStringConvertible {
  package let problems: [String]

  package init(_ problems: [String]) {
    self.problems = problems
  }

  package var description: String { problems.joined(separator: "\n") }
}

/// Everything that is wrong with the settings, one line each: exit code 78 (EX_CONFIG).
package struct SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
  package let problems: [String]
  /// What was noticed besides; worth showing, because an unknown variable may explain a problem.
  package let warnings: [String]

  package var description: String { problems.joined(separator: "\n") }
}

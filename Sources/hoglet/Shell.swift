import ArgumentParser
import Gateway

/// Between the words and the work: errors become messages, results become exit codes.
enum Shell {
  /// Runs a command. Whatever goes wrong is told on standard error, one line a problem.
  static func run(_ command: () throws -> CommandStatus) throws(ExitCode) {
    let status = status(of: command, say: say)
    if status != .success { throw ExitCode(status.code) }
  }

  static func status(of command: () throws -> CommandStatus, say: (String) -> Void) -> CommandStatus {
    do {
      return try command()
    } catch let error as UsageError {
      for problem in error.problems { say(problem) }
      say("see 'hoglet serve --help'")
      return .usage
    } catch let error as SettingsError {
      for warning in error.warnings { say("warning: \(warning)") }
      for problem in error.problems { say(problem) }
      return .configuration
    } catch let error as CommandError {
      say(error.description)
      return error.status
    } catch {
      say("\(error)")
      return .failure
    }
  }

  /// The settings of a command that has no flags of its own for them.
  static func settings(config: String?) throws -> GatewaySettings {
    let flags = try SettingFlags(config.map { ["--config", $0] } ?? [])
    let loaded = try GatewaySettings.load(flags: flags, environment: ProcessEnvironment.variables)
    for warning in loaded.warnings { say("warning: \(warning)") }
    return loaded.settings
  }

  private static func say(_ text: String) {
    LogOutput.standardError(Array("hoglet: \(Redaction.scrub(text))\n".utf8))
  }
}

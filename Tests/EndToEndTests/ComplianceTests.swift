import Testing

extension EndToEnd {
  /// What PostHog's compliance harness for senders checks, checked without it: the adapter that it drives, and a driver.
  @Suite(.timeLimit(.minutes(5))) struct ComplianceTests {
    @Test func `the sender does what PostHog asks of senders`() throws {
      let stage = try Stage()
      let folder = Stage.binary.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
        separator: "/")
      let adapter = try Program(
        "\(folder)/capture-adapter", ["--port", "0"], environment: Stage.environment([:]), folder: stage.folder.path)
      let address = try adapter.line("listening on ")
      let driver = try stage.python("compliance.py", ["--adapter", address, "--standin", stage.standInURL])
      #expect(try driver.waitForExit(within: .seconds(150)) == .code(0), "\(driver.lastWords) \(adapter.lastWords)")
      #expect(driver.output.split(separator: "\n").count >= 13)
    }
  }
}

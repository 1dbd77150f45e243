import Testing

extension EndToEnd {
  /// The short form of Tests/Chaos/chaos.py, which says what it does and judges; docs/reliability.md has the long form.
  @Suite(.timeLimit(.minutes(5))) struct ChaosTests {
    @Test(arguments: [
      ["--faults", "kill,sink,io,full", "--seconds", "15"],
      // A spool that is full by its own bound, most of the time.
      ["--faults", "kill,sink", "--seconds", "10", "--spool-max", "1MiB"],
    ])
    func `whatever fails, what was acknowledged arrives and counts once`(arguments: [String]) throws {
      let folder = TemporaryFolder()
      let seed = UInt32.random(in: 1...1_000_000_000)
      let chaos = try Program(
        Stage.python,
        [
          "\(Stage.root)/Tests/Chaos/chaos.py", "--binary", Stage.binary, "--seed", "\(seed)", "--kill-every", "2",
          "--clients", "4",
        ] + arguments, environment: Stage.environment(["TMPDIR": folder.path]), folder: folder.path)
      #expect(try chaos.waitForExit(within: .seconds(240)) == .code(0), "\(chaos.lastWords)")
    }
  }
}

import ArgumentParser
import Synchronization
import Testing

@testable import Gateway
@testable import hoglet

/// The words of the command line, parsed as `hoglet` parses them.
@Suite struct SettingsCommandLineTests {
  @Test("serve takes every word behind it, help included")
  func serve() throws {
    let words = ["--trace-quiet", "5s", "--help", "-h", "--version", "--posthog-ai-lane", "--config=x"]
    let verb = try #require(try Hoglet.parseAsRoot(["serve"] + words) as? ServeVerb)
    #expect(verb.settings == words)
  }

  @Test("replay reads all its words")
  func replay() throws {
    let verb = try #require(
      try Hoglet.parseAsRoot([
        "replay", "a", "b", "--to", "http://h:1", "--rate", "2.5", "--concurrency", "3", "--repeat", "4", "--header",
        "A: b", "--header", "-C: d", "--key", "k", "--retries", "0",
      ]) as? ReplayVerb)
    let command = verb.command
    #expect(command.paths == ["a", "b"])
    #expect(command.url == "http://h:1")
    #expect(command.pace == .rate(2.5))
    #expect(command.concurrency == 3 && command.repetitions == 4 && command.retriesMax == 0)
    #expect(command.headers == ["A: b", "-C: d"])
    #expect(command.key == Secret("k"))
    let plain = try #require(
      try Hoglet.parseAsRoot(["replay", "a", "--to", "http://h:1", "--speed", "2"]) as? ReplayVerb)
    #expect(plain.command.pace == .speed(2))
  }

  @Test(
    "words that mean nothing end with 64",
    arguments: [
      ["nonsense"], ["map"], ["replay", "a"], ["replay", "--to", "http://h"], ["replay", "a", "--to", "h"],
      ["replay", "a", "--to", "http://h", "--rate", "0"], ["replay", "a", "--to", "http://h", "--rate", "inf"],
      ["replay", "a", "--to", "http://h", "--speed", "nan"],
      ["replay", "a", "--to", "http://h", "--rate=1", "--speed=1"],
      ["replay", "a", "--to", "http://h", "--concurrency", "0"],
      ["replay", "a", "--to", "http://h", "--concurrency", "513"],
      ["replay", "a", "--to", "http://h", "--repeat", "0"], ["replay", "a", "--to", "http://h", "--retries=-1"],
      ["replay", "a", "--to", "http://h", "--header", "x"], ["events", "--limit", "0"], ["events", "--trace", "xyz"],
      ["check", "a", "b"], ["--nonsense"],
    ])
  func usage(words: [String]) {
    #expect {
      _ = try Hoglet.parseAsRoot(words)
    } throws: { error in
      Hoglet.exitCode(for: error).rawValue == CommandStatus.usage.code
    }
  }

  @Test("the edges of the numbers are allowed")
  func edges() throws {
    for words in [["--concurrency", "512"], ["--repeat", "1000000"], ["--rate", "0.001"], ["--speed", "1000000"]] {
      #expect(try Hoglet.parseAsRoot(["replay", "a", "--to", "http://h"] + words) is ReplayVerb)
    }
  }

  @Test("errors become exit codes, with everything said")
  func statuses() {
    var said = [String]()
    func status(_ error: any Error) -> CommandStatus { Shell.status(of: { throw error }, say: { said.append($0) }) }
    #expect(status(UsageError(["a", "b"])) == .usage)
    #expect(status(SettingsError(problems: ["c", "d"], warnings: ["e"])) == .configuration)
    #expect(status(CommandError("f", .badData)) == .badData)
    #expect(status(FileBytes.Failure.missing(path: "g")) == .failure)
    #expect(Shell.status(of: { .unavailable }, say: { said.append($0) }) == .unavailable)
    #expect(said == ["a", "b", "see 'hoglet serve --help'", "warning: e", "c", "d", "f", "g: no such file"])
  }

  @Test("the codes are those of sysexits.h")
  func codes() {
    let codes = [CommandStatus.success, .failure, .usage, .badData, .unavailable, .configuration].map(\.code)
    #expect(codes == [0, 1, 64, 65, 69, 78])
  }
}

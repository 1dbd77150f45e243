import TestSupport
import Testing

/// The support that other tests lean on, tested itself.
@Suite struct `Child processes` {
  @Test func `lines come one by one, the last one without its end too`() throws {
    let process = try Process("printf", ["one\\ntwo\\n\\nlast"])
    let limit = Duration.seconds(10)
    #expect(try process.readLine(within: limit) == "one")
    #expect(try process.readLine(within: limit) == "two")
    #expect(try process.readLine(within: limit) == "")
    #expect(try process.readLine(within: limit) == "last")
    #expect(try process.readLine(within: limit) == nil)
    #expect(process.wait(within: limit) == .code(0))
  }

  @Test func `what is written comes back, more than a pipe holds`() throws {
    let process = try Process("cat")
    let text = [UInt8](repeating: UInt8(ascii: "x"), count: 60_000)
    for _ in 0..<20 {
      try process.write(text + [UInt8(ascii: "\n")])
      #expect(try process.readLine(within: .seconds(10))?.utf8.count == 60_000)
    }
    process.closeInput()
    #expect(try process.readToEnd(within: .seconds(10)).isEmpty)
    #expect(process.wait(within: .seconds(10)) == .code(0))
  }

  @Test func `a silent child is an error in time, not a hang`() throws {
    let process = try Process("sleep", ["60"])
    #expect(throws: Process.Failure.self) { try process.readLine(within: .milliseconds(50)) }
    #expect(process.wait(within: .milliseconds(50)) == nil)
    process.send(9)
    #expect(process.wait(within: .seconds(10)) == .signal(9))
    process.send(9)
  }

  @Test func `exit codes, environment and standard error are the child's`() throws {
    let process = try Process(
      "sh", ["-c", "echo $A; echo oops >&2; exit 7"], environment: ["A": "b c"], errorOutput: .merged)
    #expect(try process.readToEnd(within: .seconds(10)) == Array("b c\noops\n".utf8))
    #expect(process.wait(within: .seconds(10)) == .code(7))
  }

  @Test func `a child does not outlive its object`() throws {
    var process: Process? = try Process("sleep", ["60"])
    let identifier = try #require(process?.identifier)
    process = nil
    let probe = try Process("test", ["-d", "/proc/\(identifier)"])
    #expect(probe.wait(within: .seconds(10)) == .code(1))
  }

  @Test func `writing to a child that is gone is an error, not a signal`() throws {
    let process = try Process("true")
    #expect(process.wait(within: .seconds(10)) == .code(0))
    #expect(throws: Process.Failure.self) { try process.write([1, 2, 3]) }
  }

  @Test func `a program that does not exist is an error`() {
    #expect(throws: Process.Failure.self) { try Process("no-such-program-anywhere") }
  }
}

import Glibc
import Logging
import Synchronization
import Testing

@testable import Gateway

@Suite struct ServiceTests {
  /// Sends a signal to the whole process, as a shell or a container runtime does.
  static func tell(_ signal: Int32) { kill(getpid(), signal) }

  static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  @Test("SIGTERM and SIGINT stop in order, and the process goes on to its own end")
  func gracefulStop() async {
    await #expect(processExitsWith: .exitCode(7)) {
      let service = GatewayService(start: { ServiceTests.tell(SIGTERM) }, stop: { _ in })
      try Blocking.run { try await service.runUntilSignal(log: ServiceTests.silent) }
      _exit(7)
    }
    await #expect(processExitsWith: .exitCode(8)) {
      let service = GatewayService(start: { ServiceTests.tell(SIGINT) }, stop: { _ in })
      try Blocking.run { try await service.runUntilSignal(log: ServiceTests.silent) }
      _exit(8)
    }
  }

  @Test("a second signal ends the process at once, while it still tries to stop")
  func secondSignal() async {
    await #expect(processExitsWith: .exitCode(128 + SIGINT)) {
      let service = GatewayService(start: { ServiceTests.tell(SIGTERM) }) { _ in
        ServiceTests.tell(SIGINT)
        // Longer than any test waits: only the signal can end it.
        try? await Task.sleep(for: .seconds(3_600))
      }
      try Blocking.run { try await service.runUntilSignal(log: ServiceTests.silent) }
    }
  }

  @Test("a peer that hangs up does not end the process")
  func brokenPipe() async {
    await #expect(processExitsWith: .exitCode(9)) {
      let service = GatewayService(start: {
        ServiceTests.tell(SIGPIPE)
        ServiceTests.tell(SIGTERM)
      }) { _ in _exit(9) }
      try Blocking.run { try await service.runUntilSignal(log: ServiceTests.silent) }
    }
  }

  @Test("what start gave is handed to stop; a start that fails is told and nothing is stopped")
  func startAndStop() async {
    await #expect(processExitsWith: .exitCode(42)) {
      let service = GatewayService(start: { () -> Int32 in
        ServiceTests.tell(SIGTERM)
        return 42
      }) { number in _exit(number) }
      try Blocking.run { try await service.runUntilSignal(log: ServiceTests.silent) }
    }
    await #expect(processExitsWith: .exitCode(3)) {
      let service = GatewayService(start: { () throws -> Int in throw CommandError("no port") }) { _ in _exit(4) }
      do {
        try Blocking.run { try await service.runUntilSignal(log: ServiceTests.silent) }
      } catch let error as CommandError where error.description == "no port" {
        _exit(3)
      }
    }
  }

  @Test("the blocking bridge hands over answers and errors")
  func blocking() async {
    await #expect(processExitsWith: .success) {
      let answer = try Blocking.run {
        try await Task.sleep(for: .milliseconds(1))
        return 5
      }
      precondition(answer == 5)
      do {
        try Blocking.run { throw CommandError("no") }
        _exit(1)
      } catch let error as CommandError {
        precondition(error.description == "no")
      }
    }
  }
}

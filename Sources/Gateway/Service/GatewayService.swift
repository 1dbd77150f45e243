import Glibc
package import Logging
import ServiceLifecycle
import UnixSignals

/// The gateway as a service: started, left alone until it is told to stop, then stopped in order.
package struct GatewayService<Running: Sendable>: Service {
  private let start: @Sendable () async throws -> Running
  private let stop: @Sendable (Running) async -> Void

  /// - Parameters:
  ///   - start: opens everything and returns once it serves.
  ///   - stop: finishes what can be finished in the time it allows itself, and closes the rest.
  package init(
    start: @escaping @Sendable () async throws -> Running, stop: @escaping @Sendable (Running) async -> Void
  ) {
    self.start = start
    self.stop = stop
  }

  package func run() async throws {
    let running = try await start()
    // Throws when the group is cancelled instead; there is the same to do then.
    try? await gracefulShutdown()
    await stop(running)
  }
}

extension GatewayService {
  /// Runs until SIGTERM or SIGINT, then stops in order; a second signal ends the process at once, with the status a
  /// shell gives it (128 + signal). What is in the spool is safe either way.
  package func runUntilSignal(log: Logger) async throws {
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
    // Peers that hang up are errors of a write, not the end of the process.
    Glibc.signal(SIGPIPE, SIG_IGN)
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [ServiceGroupConfiguration.ServiceConfiguration(service: self)], logger: log))
    let listening = Task {
      var isStopping = false
      for await signal in signals {
        if isStopping { _exit(128 + signal.rawValue) }
        isStopping = true
        log.notice("stopping; a second signal stops at once", metadata: ["signal": "\(signal)"])
        await group.triggerGracefulShutdown()
      }
    }
    defer { listening.cancel() }
    try await group.run()
  }
}

import Glibc
package import Logging
import ServiceLifecycle
import UnixSignals

/// The gateway as a service: started, left alone until it is told to stop, then stopped in order.
package struct GatewayService<Running: Sendable>: Service {
  private let start: @Sendable () async throws -> Running
  private let reload: @Sendable (Running) -> Void
  private let stop: @Sendable (Running) async -> Void

  /// - Parameters:
  ///   - start: opens everything and returns once it serves.
  ///   - reload: reads again what may change meanwhile; called for each SIGHUP.
  ///   - stop: finishes what can be finished in the time it allows itself, and closes the rest.
  package init(
    start: @escaping @Sendable () async throws -> Running, reload: @escaping @Sendable (Running) -> Void = { _ in },
    stop: @escaping @Sendable (Running) async -> Void
  ) {
    self.start = start
    self.reload = reload
    self.stop = stop
  }

  /// Hang-ups, from the signals to whoever runs; several that nobody has heeded yet are one.
  private let hangUps = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

  package func run() async throws {
    let running = try await start()
    let listening = Task { for await _ in hangUps.stream { reload(running) } }
    defer { listening.cancel() }
    // Throws when the group is cancelled instead; there is the same to do then.
    try? await gracefulShutdown()
    await stop(running)
  }
}

extension GatewayService {
  /// Runs until SIGTERM or SIGINT, then stops in order (SIGHUP reloads meanwhile); a second signal ends the process at once, with the status a
  /// shell gives it (128 + signal). What is in the spool is safe either way.
  package func runUntilSignal(log: Logger) async throws {
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
    // Peers that hang up are errors of a write, not the end of the process.
    Glibc.signal(SIGPIPE, SIG_IGN)
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [ServiceGroupConfiguration.ServiceConfiguration(service: self)], logger: log))
    let listening = Task {
      var isStopping = false
      for await signal in signals {
        if signal == .sighup {
          hangUps.continuation.yield()
          continue
        }
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

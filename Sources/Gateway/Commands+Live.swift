import Bytes
import Capture
import Glibc
import Logging
import Mapping
import OTLP
import Spool
import Store
import Telemetry

extension Commands {
  /// The commands as they run outside of tests.
  package static let live = Commands(
    serve: { try serve($0) }, map: { try map($0) }, explain: { try explain($0) }, dialects: { try dialects($0) },
    check: { try check($0) }, events: { try events($0) },
    replay: { command in
      try command.run(identify: { bytes in
        ContentKind.identify(bytes).map { (signal: $0.signal, isJSON: $0.encoding == .json) }
      })
    },
    spool: { try spool($0) }, patterns: { try patterns($0) })

  /// `hoglet serve`: runs until a signal.
  private static func serve(_ loaded: LoadedSettings) throws -> CommandStatus {
    let settings = loaded.settings
    ProcessMemory.bound()
    LogOutput.bootstrap(settings.log)
    let log = Logger(label: "hoglet")
    for warning in loaded.warnings { log.warning("\(warning)") }
    let service = GatewayService(
      start: { () async throws -> Gateway in
        let gateway = try await Gateway.start(settings, log: log)
        // Reading the mappings takes more memory than keeping them.
        ProcessMemory.release()
        announce(gateway, settings)
        return gateway
      },
      reload: { $0.reload() },
      stop: { gateway in
        await gateway.stop(grace: settings.shutdown.grace)
        log.notice("stopped; what was not sent waits in the spool")
      })
    do {
      try Blocking.run { try await service.runUntilSignal(log: log) }
      return .success
    } catch let error as StartError {
      throw CommandError("\(error)", error.status)
    }
  }

  /// What a person who has just started it wants to know.
  private static func announce(_ gateway: Gateway, _ settings: GatewaySettings) {
    var text = ""
    let scheme = settings.tls.certificates.isEmpty ? "http" : "https"
    for address in gateway.ingest.addresses { text += "listening on \(scheme)://\(address)\n" }
    for address in gateway.admin.addresses { text += "admin on http://\(address)\n" }
    if let path = settings.access.path { text += "access as \(path) says\n" }
    if let path = settings.policy.path { text += "sampling as \(path) says\n" }
    switch settings.mode {
    case .local:
      text += "local mode: nothing is forwarded, 'hoglet events' shows what PostHog would get; "
      text += "set \(settings.access.path == nil ? "HOGLET_POSTHOG_API_KEY" : "HOGLET_POSTHOG_HOST") to forward\n"
    case .forward(let host, let key):
      text += "forwarding to \(host), "
      text +=
        settings.access.path != nil
        ? "requests must bring a key or token\n"
        : key == nil
          ? "requests must bring their project key\n" : "with the configured key where a request brings none\n"
    }
    text += "spool in \(settings.spool.path)\n"
    StandardOutput.write(text)
  }

  static func write(_ json: [UInt8], isPretty: Bool) {
    var line = ((try? SortedJSON.text(json)) ?? json)
    if isPretty { line = SortedJSON.pretty(line) }
    StandardOutput.write(line + [UInt8(ascii: "\n")])
  }

  private static func check(_ command: CheckCommand) throws -> CommandStatus {
    let (set, diagnostics) = loadMappings(
      directory: command.mappings ?? command.settings.mappings.path, overlays: command.settings.mappings.overlays,
      redaction: command.settings.redaction.settings)
    if command.printsSchema, let set {
      StandardOutput.write(MappingSchema(set).text)
      return .success
    }
    if !diagnostics.isEmpty { StandardOutput.write(Diagnostic.render(diagnostics) + "\n") }
    if let path = command.settings.access.path {
      let file = try Blocking.run { await AccessFile.load(path: path) }
      StandardOutput.write(file.access == nil ? file.errors.map { "\($0)\n" }.joined() : "\(path): in order\n")
      if file.access == nil { return .badData }
    }
    if let path = command.settings.policy.path {
      let file = PolicyFile.load(path: path)
      let found = file.policy.map { "\(path): in order (\($0.summary))\n" }
      StandardOutput.write(found ?? file.errors.map { "\($0)\n" }.joined())
      if file.policy == nil { return .badData }
    }
    guard let set else { return .badData }
    StandardOutput.write("\(set.dialects.count) dialects, \(set.properties.count) properties: in order\n")
    return command.asksPostHog ? try ask(command.settings) : .success
  }

  /// A sign of life of PostHog. It says nothing about the key: PostHog answers 200 to any key of the right form.
  private static func ask(_ settings: GatewaySettings) throws -> CommandStatus {
    let host = settings.posthog.host ?? GatewaySettings.posthogHostDefault
    let client = try CurlClient(CaptureSettings(settings.posthog, host: host).client)
    client.start(
      HTTPRequest(
        id: 1, url: "\(host)/batch/", headers: ["Content-Type: application/json"],
        body: RequestBody(Array("{\"api_key\":\"phc_reachability\",\"batch\":[]}".utf8))))
    let deadline = SystemTime().now + settings.posthog.timeout
    while SystemTime().now < deadline {
      guard let completion = client.poll(timeout: deadline - SystemTime().now).first else { continue }
      switch completion.result {
      case .success(let answer):
        StandardOutput.write(
          "\(host) answers (\(answer.status)). Whether a project key is known there cannot be seen from here.\n")
        return .success
      case .failure(let failure): throw CommandError("\(host): \(failure)", .unavailable)
      }
    }
    throw CommandError("\(host): no answer in time", .unavailable)
  }

  private static func events(_ command: EventsCommand) throws -> CommandStatus {
    let path = command.settings.localStorePath
    guard unsafe access(path, R_OK) == 0 else {
      throw CommandError(
        "there are no local events at \(path); local mode keeps them (no PostHog host and no key set), "
          + "and HOGLET_SPOOL_PATH says where")
    }
    var trace: TraceID?
    if let text = command.trace {
      trace = TraceID(hex: text)
      if trace == nil { throw CommandError("--trace must be 32 hexadecimal digits, not all zero", .usage) }
    }
    do {
      let store = try LocalStore.open(path: path)
      let found = try store.events(limit: command.limit, trace: trace, event: command.name, newestFirst: true)
      for (_, event) in found.reversed() { write(event.json, isPretty: command.isPretty) }
      try store.close()
      return .success
    } catch {
      throw CommandError("\(error)")
    }
  }
}

extension StartError {
  /// The exit code for a start that failed.
  fileprivate var status: CommandStatus {
    switch self {
    case .mappings: .badData
    case .listen, .tls, .capture, .access, .policy: .configuration
    case .spool, .store, .noThread: .unavailable
    }
  }
}

import Bytes
package import Capture
import Codec
import Console
import Glibc
package import Logging
package import Mapping
import Sampling
package import Spool
package import Store
import Telemetry
package import Transport

/// Why the gateway cannot start, told for the operator.
package enum StartError: Error, CustomStringConvertible {
  /// A listener cannot be opened; the text names its setting.
  case listen(setting: String, reason: String)
  case tls(TLSError)
  case spool(SpoolError)
  case store(StoreError)
  case capture(CaptureError)
  /// The mappings have errors; the text lists them.
  case mappings(String)
  /// The access file, or the policy, has errors; the text lists them.
  case access(String), policy(String)
  case noThread

  package var description: String {
    switch self {
    case .listen(let setting, let reason): "\(reason) (\(setting))"
    case .tls(let error): "\(error) (tls.certificate, tls.key, tls.client_ca)"
    case .spool(let error): "\(error)"
    case .store(let error): "\(error)"
    case .capture(let error): "\(error)"
    case .mappings(let diagnostics), .access(let diagnostics), .policy(let diagnostics): diagnostics
    case .noThread: "the system gives no thread for delivery; raise the limit of threads for this user"
    }
  }
}

/// The running gateway: the stages in the order of a span's way, and their life from start to stop.
package final class Gateway: Sendable {
  /// Where each listener is, with the port the system gave.
  package let ingest: HTTPServer
  package let admin: HTTPServer

  private let spool: any Spool
  private let intake: Intake
  private let delivery: DeliveryThread
  private let store: LocalStore?
  private let reloader: MappingsReloader?
  private let certificates: CertificateReloader?
  private let access: AccessControl?
  private let policy: PolicyReloader?
  private let policyStore: PolicyStore
  private let expiry: Task<Void, Never>
  private let log: Logger
  let status: StatusBoard
  private let retryRefused: @Sendable () -> Void

  /// Starts everything. Listening begins when the spool is open; what it holds is read while new requests come in.
  package static func start(_ settings: GatewaySettings, log: Logger) async throws(StartError) -> Gateway {
    let access = try await accessFile(settings.access.path)
    let loaded = FolderSignature(of: settings.mappings.path ?? "")
    let program = try program(
      settings.mappings.path, overlays: settings.mappings.overlays, redaction: settings.redaction.settings, log: log)
    let policy = try policyFile(settings.policy.path)
    let parts = try Parts(settings, program, access, policy?.policy, log)
    if let policy, let path = settings.policy.path { await parts.policies.use(file: path, policy) }
    await parts.policies.start()
    let gateway = try Gateway(parts, settings, log)
    guard let delivery = parts.takeDelivery(), parts.thread.start(delivery) else { throw .noThread }
    gateway.reloader?.start(loaded: loaded)
    gateway.certificates?.start()
    gateway.access?.start()
    if let policy { gateway.policy?.start(loaded: policy.signature) }
    return gateway
  }

  private static func accessFile(_ path: String?) async throws(StartError) -> AccessFile? {
    guard let path else { return nil }
    let file = await AccessFile.load(path: path)
    if file.access == nil { throw .access(file.errors.joined(separator: "\n")) }
    return file
  }

  private static func policyFile(_ path: String?) throws(StartError) -> PolicyFile? {
    guard let path else { return nil }
    let file = PolicyFile.load(path: path)
    if file.policy == nil { throw .policy(file.errors.joined(separator: "\n")) }
    return file
  }

  /// Loads and compiles the mappings, the stock ones or those that a folder's files replace.
  package static func program(
    _ directory: String?, overlays: [String] = [], redaction: RedactionSettings, log: Logger
  ) throws(StartError) -> Program {
    let (set, diagnostics) = loadMappings(directory: directory, overlays: overlays, redaction: redaction)
    guard let set else { throw .mappings(Diagnostic.render(diagnostics)) }
    for diagnostic in diagnostics where diagnostic.severity == .warning { log.warning("\(diagnostic)") }
    return Program(set)
  }

  private init(_ parts: Parts, _ settings: GatewaySettings, _ log: Logger) throws(StartError) {
    spool = parts.spool
    intake = parts.intake
    delivery = parts.thread
    store = parts.store
    reloader = parts.reloader
    access = parts.access
    policy = parts.policy
    policyStore = parts.policyStore
    expiry = Task { [policies = parts.policies] in
      while !Task.isCancelled {
        await policies.expire()
        try? await Task.sleep(for: Self.expiryInterval)
      }
    }
    retryRefused = parts.retryRefused
    status = parts.status
    self.log = log
    var limits = TransportLimits()
    limits.bodyBytesMax = settings.server.bodyBytesMax
    limits.bodyBytesInFlightMax = settings.server.memoryBytesMax
    limits.niceness = Self.intakeNiceness
    let tls = try Self.certificates(settings.tls)
    certificates = tls.map { CertificateReloader($0.certificates, $0.settings, log: log) }
    do throws(TransportError) {
      ingest = try HTTPServer.start(
        listen: settings.server.listen.map { "\($0)" }, limits: limits, receiver: parts.intake,
        tls: tls?.certificates, threads: settings.server.threads ?? Self.coreCount)
    } catch {
      throw .listen(setting: "server.listen, HOGLET_SERVER_LISTEN", reason: "\(error)")
    }
    parts.status.add(ingest, as: "ingest")
    do throws(TransportError) {
      admin = try HTTPServer.start(
        listen: ["\(settings.admin.listen)"],
        receiver: AdminReceiver(
          metrics: parts.status, token: settings.admin.token.map { SecretDigest(of: $0.reveal()) },
          api: PolicyAPI(service: parts.policies),
          lanes: { [status = parts.status] in status.troubles },
          reasonsNotReady: { [status = parts.status] in status.notReady }),
        threads: 1, workers: 0)
    } catch {
      throw .listen(setting: "admin.listen, HOGLET_ADMIN_LISTEN", reason: "\(error)")
    }
    parts.status.add(admin, as: "admin")
  }

  private static func certificates(
    _ settings: GatewaySettings.TLS
  ) throws(StartError) -> (certificates: TLSCertificates, settings: TLSSettings)? {
    guard let settings = settings.settings else { return nil }
    do throws(TLSError) {
      return (try TLSCertificates(settings), settings)
    } catch {
      throw .tls(error)
    }
  }

  /// Delivery goes first on a busy core: what is taken in faster than it is delivered only makes the spool grow, into
  /// memory and disk that are cold, which makes everything dearer. A tenth of the core's time is left to intake, enough
  /// for as many requests as delivery could deliver with the rest.
  private static let intakeNiceness = 10
  /// How late a policy's end may be noticed: they last for days.
  private static let expiryInterval = Duration.seconds(60)

  private static var coreCount: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

  /// What a hang-up asks for: reads again what may change while the gateway runs.
  package func reload() {
    retryRefused()
    certificates?.reload()
    access?.reload()
    policy?.reload()
    if let reloader {
      reloader.reload()
    } else if certificates == nil, access == nil, policy == nil {
      log.notice("nothing to load anew: the mappings are the built-in ones")
    }
  }

  /// Stops in the order of a span's way: no new connections, answers to what is open, everything committed, what PostHog
  /// takes within `grace` sent. The rest stays in the spool for the next start.
  package func stop(grace: Duration) async {
    let deadline = WallClock.now() + UInt64(clamping: grace.components.seconds) * 1_000_000_000
    status.close()
    reloader?.stop()
    certificates?.stop()
    access?.stop()
    policy?.stop()
    expiry.cancel()
    await ingest.stopAccepting()
    intake.close()
    await ingest.drain(deadline: .seconds(min(grace.components.seconds, 5)))
    delivery.stop(deadline: deadline)
    spool.close()
    do { try store?.close() } catch { log.error("the local store: \(error)") }
    await admin.stopAccepting()
    await admin.drain(deadline: .seconds(1))
    do { try policyStore.close() } catch { log.error("the store of policies: \(error)") }
  }
}

/// The stages, wired.
private final class Parts {
  let spool: any Spool
  let intake: Intake
  let thread: DeliveryThread
  let store: LocalStore?
  let reloader: MappingsReloader?
  let access: AccessControl?
  let policy: PolicyReloader?
  let policies: PolicyService
  let policyStore: PolicyStore
  let status: StatusBoard
  /// Has lanes that PostHog refuses tried at once.
  let retryRefused: @Sendable () -> Void
  private var delivery: Delivery?

  init(
    _ settings: GatewaySettings, _ program: Program, _ file: AccessFile?, _ sampling: SamplingPolicy?, _ log: Logger
  ) throws(StartError) {
    let mailbox = Mailbox()
    let metrics = Metrics { SHA256.digest($0.span) }
    metrics.collectProcess(version: GatewayVersion.current, startMilliseconds: Int(WallClock.now() / 1_000_000))
    let counted = IntakeMetrics(metrics)
    let bell = Bell()
    let replies = PendingReplies(mailbox: mailbox, metrics: counted, log: log) { bell.ring() }
    do throws(SpoolError) {
      let opened = try LMDBSpool.open(path: settings.spool.path, settings: SpoolSettings(settings), listener: replies)
      if let repair = opened.repair { log.error("\(repair)") }
      spool = opened
    } catch {
      throw .spool(error)
    }
    let captured = SharedCaptureCounters()
    let refused = RefusedKeys()
    let sink: any EventSink
    var defaultKey: String?
    switch settings.mode {
    case .local:
      let opened = try Self.openStore(settings)
      let waker = Waker()
      bell.set { waker.wake() }
      store = opened
      sink = LocalSink(store: opened, waker: waker, clock: WallClock.now, log: log)
    case .forward(let host, let key):
      store = nil
      defaultKey = key?.reveal()
      let sender = try Self.sender(settings, host)
      bell.set(sender.wakeUp)
      sink = CaptureSink(sender: sender, counters: captured, refused: refused, time: SystemTime(), log: log)
    }
    access = AccessControl(settings.access.path, file, metrics: metrics, log: log)
    status = StatusBoard(spool: spool, capture: captured, metrics: metrics)
    intake = Intake(
      settings: Intake.Settings(
        defaultKey: defaultKey, isLocal: settings.mode == .local, bodyBytesMax: settings.server.bodyBytesMax),
      spool: spool, replies: replies, metrics: counted, refused: refused, access: access, clock: WallClock.now)
    retryRefused = {
      mailbox.unblock()
      bell.ring()
    }
    thread = DeliveryThread(wake: { bell.ring() }, clock: WallClock.now)
    reloader = MappingsReloader(settings, metrics: metrics, log: log) { program in
      mailbox.adopt(program)
      bell.ring()
    }
    policyStore = try Self.openPolicies(settings)
    let adopt = { @Sendable (policy: SamplingPolicy) in
      mailbox.adopt(policy)
      bell.ring()
    }
    let policies = PolicyService(store: policyStore, adopt: adopt, now: WallClock.seconds, log: log)
    self.policies = policies
    policy = PolicyReloader(settings.policy.path, metrics: metrics, log: log) { policy, file in
      adopt(policy)
      Task { await policies.use(file: settings.policy.path ?? "", file) }
    }
    let board = status
    let delivery = Delivery(
      spool: spool, sink: sink, mailbox: mailbox, program: program, ripeness: RipenessSettings(settings.trace),
      sampling: SamplingSettings(settings, sampling), logs: settings.logForwarding,
      clock: WallClock.now, metrics: metrics, log: log, publish: { board.publish($0) })
    delivery.recentAnomalies = policies.anomalies
    delivery.tellTraffic = { traffic in Task { await policies.record(traffic) } }
    do throws(SpoolError) { try delivery.recover() } catch { throw .spool(error) }
    self.delivery = delivery
  }

  /// Gives delivery away, to the thread that owns it from then on.
  func takeDelivery() -> sending Delivery? {
    nonisolated(unsafe) let taken = delivery
    delivery = nil
    return unsafe taken
  }

  private static func openPolicies(_ settings: GatewaySettings) throws(StartError) -> PolicyStore {
    do throws(StoreError) { return try PolicyStore.open(path: settings.policyStorePath) } catch { throw .store(error) }
  }

  private static func openStore(_ settings: GatewaySettings) throws(StartError) -> LocalStore {
    do throws(StoreError) {
      return try LocalStore.open(
        path: settings.localStorePath,
        limits: StoreLimits(bytesMax: settings.local.bytesMax, ageMax: settings.local.retention))
    } catch {
      throw .store(error)
    }
  }

  private static func sender(_ settings: GatewaySettings, _ host: String) throws(StartError) -> Sender {
    let compressor = GzipCompressor(level: 1)
    do throws(CaptureError) {
      let capture = CaptureSettings(settings.posthog, host: host)
      return try Sender(
        settings: capture, client: CurlClient(capture.client), time: SystemTime(),
        seed: UInt64.random(in: 0...UInt64.max), compress: { compressor.compress($0) })
    } catch {
      throw .capture(error)
    }
  }
}

extension GatewaySettings {
  /// The database of local mode, inside the spool's folder.
  package var localStorePath: String { "\(spool.path)/local.sqlite" }
  /// The database of policies and patterns.
  package var policyStorePath: String { "\(spool.path)/policies.sqlite" }
}

extension SpoolSettings {
  init(_ settings: GatewaySettings) {
    self.init()
    bytesMax = settings.spool.bytesMax
    freeBytesMin = settings.spool.freeBytesMin
    // In local mode there is one key for everybody.
    if settings.mode == .local { keyShare = 1 }
  }
}

extension RipenessSettings {
  init(_ settings: GatewaySettings.Trace) {
    self.init(
      quiet: settings.quiet.nanoseconds, rootGrace: settings.rootGrace.nanoseconds, max: settings.max.nanoseconds)
  }
}

extension SamplingSettings {
  init(_ settings: GatewaySettings, _ policy: SamplingPolicy?) {
    self.policy = policy ?? SamplingPolicy()
    isWatching = policy != nil
    errorsWait = settings.policy.lateErrors.nanoseconds
    // The spool is there for outages first.
    leftOutBytesMax = min(settings.policy.lateErrorsBytesMax, settings.spool.bytesMax / 4)
  }
}

extension CaptureSettings {
  init(_ settings: GatewaySettings.PostHog, host: String) {
    self.init()
    self.host = host
    compression = settings.compression == .gzip ? .gzip : .none
    batchBytes = settings.batchBytesMax
    batchEvents = settings.batchEventsMax
    flushInterval = settings.flushInterval
    maxRetries = settings.retriesMax
    aiLane = settings.aiLane
    teamID = settings.teamID.map { UInt64($0) }
    client.timeout = settings.timeout
    client.proxy = settings.proxy?.reveal()
    client.caFile = settings.caFile
  }
}

extension Duration {
  /// Never negative; centuries are held to what 64 bits hold.
  fileprivate var nanoseconds: UInt64 {
    UInt64(clamping: components.seconds).multipliedReportingOverflow(by: 1_000_000_000).partialValue
      &+ UInt64(clamping: components.attoseconds / 1_000_000_000)
  }
}

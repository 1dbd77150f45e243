import Logging
import Synchronization
import Transport

/// Keeps the certificates of the listeners as their files have them: renewed when a file changes, or when told to. Files
/// with errors change nothing.
final class CertificateReloader: Sendable {
  private struct Orders {
    var isStopping = false
    var isReloadAsked = false
  }

  private let certificates: TLSCertificates
  private let settings: TLSSettings
  private let log: Logger
  private let events = FolderEvents()
  private let orders = Mutex(Orders())
  private let thread = Mutex<BackgroundThread?>(nil)

  /// Certificate and key are written one after the other: the folders must be quiet for so long, in milliseconds.
  private static let quiet: UInt64 = 200
  /// How often the files are looked at beside the kernel's word, which links and network file systems withhold.
  private static let interval: UInt64 = 10_000

  init(_ certificates: TLSCertificates, _ settings: TLSSettings, log: Logger) {
    self.certificates = certificates
    self.settings = settings
    self.log = log
  }

  func start() {
    let started = BackgroundThread { [self] in run() }
    if started == nil { log.error("the system gives no thread to watch the certificates; restart to renew them") }
    thread.withLock { $0 = started }
  }

  /// Reads the files anew, whether or not they seem to have changed.
  func reload() {
    orders.withLock { $0.isReloadAsked = true }
    events.wake()
  }

  func stop() {
    orders.withLock { $0.isStopping = true }
    events.wake()
    let running = thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    running?.join()
  }

  private func run() {
    _ = events.watch(settings.files.map(Self.folder))
    while true {
      let asked = orders.withLock { orders in
        defer { orders.isReloadAsked = false }
        return orders
      }
      if asked.isStopping { return }
      if asked.isReloadAsked || certificates.areChanged { load() }
      if events.wait(milliseconds: Self.interval) { _ = events.wait(milliseconds: Self.quiet) }
    }
  }

  private func load() {
    do throws(TLSError) {
      try certificates.reload()
      log.notice("the certificates were loaded anew, for connections from now on")
    } catch {
      log.error("the certificates cannot be used, those before them stay in use: \(error)")
    }
  }

  private static func folder(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}

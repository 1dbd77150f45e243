import Logging
import Mapping
import Spool
import Synchronization

/// Keeps the mappings as their folder has them: when a file changes, or when it is told to, the set is loaded anew and,
/// if nothing is wrong with it, taken for the next trace. A set with errors changes nothing.
final class MappingsReloader: Sendable {
  private struct Orders {
    var isStopping = false
    var isReloadAsked = false
  }

  private let settings: GatewaySettings
  private let directory: String
  private let adopt: @Sendable (Program) -> Void
  private let metrics: Metrics
  private let log: Logger
  private let events = FolderEvents()
  private let orders = Mutex(Orders())
  private let thread = Mutex<BackgroundThread?>(nil)

  /// Editors and copies write in several steps: the folder must be quiet for so long, in milliseconds.
  static let quiet: UInt64 = 100
  /// A folder that is never quiet is read all the same, after so many times `quiet`.
  static let quietRoundsMax = 20
  /// How often the folder is looked at beside the kernel's word, which does not reach across network file systems.
  static let interval: UInt64 = 10_000
  /// The same where the kernel gives no word at all.
  static let intervalUnwatched: UInt64 = 1_000

  /// Nil if no folder is set. `adopt` hands a new program to delivery.
  init?(
    _ settings: GatewaySettings, metrics: Metrics, log: Logger, adopt: @escaping @Sendable (Program) -> Void
  ) {
    guard let directory = settings.mappings.path else { return nil }
    self.settings = settings
    self.directory = directory
    self.adopt = adopt
    self.metrics = metrics
    self.log = log
  }

  /// Begins to watch; `loaded` is how the folder looked before the program in use was loaded.
  func start(loaded: FolderSignature) {
    let started = BackgroundThread { [self] in run(loaded) }
    if started == nil { log.error("the system gives no thread to watch \(directory); SIGHUP does not reload either") }
    thread.withLock { $0 = started }
  }

  /// Loads the folder anew, whether or not anything in it seems to have changed.
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

  private func run(_ loaded: FolderSignature) {
    var known = loaded
    var watches = events.watch(watched)
    // What changed before the watch began shows in the signature.
    var isChanged = true
    while true {
      let asked = orders.withLock { orders in
        defer { orders.isReloadAsked = false }
        return orders
      }
      if asked.isStopping { return }
      if isChanged { waitForQuiet() }
      // A path may lead to another folder now.
      let fresh = events.watch(watched)
      events.forget(watches.subtracting(fresh))
      watches = fresh
      let signature = FolderSignature(of: directory)
      if asked.isReloadAsked || signature != known {
        known = signature
        load()
      }
      isChanged = events.wait(milliseconds: events.isWatching ? Self.interval : Self.intervalUnwatched)
    }
  }

  /// The folders of the files, and the one that the folder itself stands in: a link there may be swapped.
  private var watched: [String] { FolderSignature.folders(of: directory) + ["\(directory)/.."] + parent }

  private var parent: [String] {
    let trimmed = directory.hasSuffix("/") ? String(directory.dropLast()) : directory
    guard let slash = trimmed.lastIndex(of: "/") else { return ["."] }
    return [slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])]
  }

  private func waitForQuiet() {
    for _ in 0..<Self.quietRoundsMax {
      guard events.wait(milliseconds: Self.quiet), !orders.withLock({ $0.isStopping }) else { return }
    }
  }

  private func load() {
    let (set, diagnostics) = loadMappings(
      directory: directory, overlays: settings.mappings.overlays, redaction: settings.redaction.settings)
    let errors = diagnostics.count { $0.severity == .error }
    metrics.series(.mappingsErrors).set(errors)
    metrics.series(.mappingsReloads, set == nil ? "failure" : "success").add()
    for diagnostic in diagnostics where diagnostic.severity == .error { log.error("\(diagnostic.headline)") }
    guard let set else {
      return log.error("the mappings in \(directory) cannot be used (\(errors) errors); those before them stay in use")
    }
    for diagnostic in diagnostics where diagnostic.severity == .warning { log.warning("\(diagnostic.headline)") }
    adopt(Program(set))
    ProcessMemory.release()
    log.notice("the mappings in \(directory) were loaded anew, for traces from now on")
  }
}

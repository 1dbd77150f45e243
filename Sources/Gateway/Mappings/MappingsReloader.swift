import Logging
import Mapping
import Spool

/// Keeps the mappings as their folder has them: when a file changes, or when it is told to, the set is loaded anew and,
/// if nothing is wrong with it, taken for the next trace. A set with errors changes nothing.
final class MappingsReloader: Sendable {
  private let settings: GatewaySettings
  private let directory: String
  private let adopt: @Sendable (Program) -> Void
  private let metrics: Metrics
  private let log: Logger
  private let watch = FolderWatch()

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
    if !watch.start({ [self] in run(loaded) }) {
      log.error("the system gives no thread to watch \(directory); SIGHUP does not reload either")
    }
  }

  /// Loads the folder anew, whether or not anything in it seems to have changed.
  func reload() { watch.reload() }

  func stop() { watch.stop() }

  private func run(_ loaded: FolderSignature) {
    var known = loaded
    var watches = watch.events.watch(watched)
    // What changed before the watch began shows in the signature.
    var isChanged = true
    while let isAsked = watch.isReloadAsked() {
      if isChanged { watch.waitForQuiet() }
      // A path may lead to another folder now.
      let fresh = watch.events.watch(watched)
      watch.events.forget(watches.subtracting(fresh))
      watches = fresh
      let signature = FolderSignature(of: directory)
      if isAsked || signature != known {
        known = signature
        load()
      }
      isChanged = watch.wait()
    }
  }

  /// The folders of the files, and the one that the folder itself stands in: a link there may be swapped.
  private var watched: [String] {
    FolderSignature.folders(of: directory) + ["\(directory)/..", FolderWatch.parent(of: directory)]
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

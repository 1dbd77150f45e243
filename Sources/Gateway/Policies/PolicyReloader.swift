import Logging
import Sampling

/// Keeps the policy as its file has it: when the file changes, or when it is told to, it is read anew and, if nothing is
/// wrong with it, taken for the next trace. A file with errors changes nothing.
final class PolicyReloader: Sendable {
  private let path: String
  private let adopt: @Sendable (SamplingPolicy, PolicyFile) -> Void
  private let metrics: Metrics
  private let log: Logger
  private let watch = FolderWatch()

  /// Nil if no file is set. `adopt` hands a new policy to delivery.
  init?(_ path: String?, metrics: Metrics, log: Logger, adopt: @escaping @Sendable (SamplingPolicy, PolicyFile) -> Void)
  {
    guard let path else { return nil }
    self.path = path
    self.adopt = adopt
    self.metrics = metrics
    self.log = log
  }

  /// Begins to watch; `loaded` is how the file looked before the policy in use was read.
  func start(loaded: FolderSignature) {
    if !watch.start({ [self] in run(loaded) }) {
      log.error("the system gives no thread to watch \(path); SIGHUP does not reload either")
    }
  }

  /// Reads the file anew, whether or not it seems to have changed.
  func reload() { watch.reload() }

  func stop() { watch.stop() }

  private func run(_ loaded: FolderSignature) {
    var known = loaded
    var watches = watch.events.watch([FolderWatch.parent(of: path)])
    // What changed before the watch began shows in the signature.
    var isChanged = true
    while let isAsked = watch.isReloadAsked() {
      if isChanged { watch.waitForQuiet() }
      // The folder may be another one now.
      let fresh = watch.events.watch([FolderWatch.parent(of: path)])
      watch.events.forget(watches.subtracting(fresh))
      watches = fresh
      if isAsked || FolderSignature(files: [path]) != known { known = load() }
      isChanged = watch.wait()
    }
  }

  private func load() -> FolderSignature {
    let file = PolicyFile.load(path: path)
    metrics.series(.policyReloads, file.policy == nil ? "failure" : "success").add()
    if let policy = file.policy {
      adopt(policy, file)
      log.notice("the policy \(path) was loaded anew, for traces from now on: \(policy.summary)")
    } else {
      for error in file.errors { log.error("\(error)") }
      log.error("the policy \(path) cannot be used (\(file.errors.count) errors); the one before stays in use")
    }
    return file.signature
  }
}

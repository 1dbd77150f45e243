import Logging
import Synchronization

/// The access file as it is in force: read again when it, or a file it names, changes, and when told to. A file with errors
/// changes nothing.
final class AccessControl: Sendable {
  private let path: String
  private let loaded: AccessFile
  private let current: Mutex<Access>
  private let metrics: Metrics
  private let log: Logger
  private let watch = FolderWatch()

  /// Nil if there is no file; `loaded` is the file as it was read, without errors.
  init?(_ path: String?, _ loaded: AccessFile?, metrics: Metrics, log: Logger) {
    guard let path, let loaded, let access = loaded.access else { return nil }
    self.path = path
    self.loaded = loaded
    current = Mutex(access)
    self.metrics = metrics
    self.log = log
  }

  var access: Access { current.withLock { $0 } }

  func start() {
    if !watch.start({ [self] in run() }) {
      log.error("the system gives no thread to watch \(path); SIGHUP does not reload either")
    }
  }

  /// Reads the files anew, whether or not they seem to have changed.
  func reload() { watch.reload() }

  func stop() { watch.stop() }

  private func run() {
    var file = loaded
    var watches = watch.events.watch(file.folders)
    // What changed before the watch began shows in the signature.
    var isChanged = true
    while let isAsked = watch.isReloadAsked() {
      if isChanged { watch.waitForQuiet() }
      if isAsked || FolderSignature(files: file.files) != file.signature {
        file = load() ?? file
        let fresh = watch.events.watch(file.folders)
        watch.events.forget(watches.subtracting(fresh))
        watches = fresh
      }
      isChanged = watch.wait()
    }
  }

  private func load() -> AccessFile? {
    guard let file = try? Blocking.run({ [path] in await AccessFile.load(path: path) }) else { return nil }
    metrics.series(.accessReloads, file.access == nil ? "failure" : "success").add()
    if let access = file.access {
      current.withLock { $0 = access }
      log.notice("the access file \(path) was loaded anew, for requests from now on")
    } else {
      for error in file.errors { log.error("\(error)") }
      log.error("the access file \(path) cannot be used (\(file.errors.count) errors); the one before stays in use")
    }
    return file
  }
}

extension AccessFile {
  /// Where its files stand.
  fileprivate var folders: [String] { files.map { FolderWatch.parent(of: $0) } }
}

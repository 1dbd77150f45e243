import Logging
import Transport

/// Keeps the certificates of the listeners as their files have them: renewed when a file changes, or when told to. Files
/// with errors change nothing.
final class CertificateReloader: Sendable {
  private let certificates: TLSCertificates
  private let settings: TLSSettings
  private let log: Logger
  private let watch = FolderWatch()

  init(_ certificates: TLSCertificates, _ settings: TLSSettings, log: Logger) {
    self.certificates = certificates
    self.settings = settings
    self.log = log
  }

  func start() {
    if !watch.start({ [self] in run() }) {
      log.error("the system gives no thread to watch the certificates; restart to renew them")
    }
  }

  /// Reads the files anew, whether or not they seem to have changed.
  func reload() { watch.reload() }

  func stop() { watch.stop() }

  private func run() {
    _ = watch.events.watch(settings.files.map { FolderWatch.parent(of: $0) })
    while let isAsked = watch.isReloadAsked() {
      if isAsked || certificates.areChanged { load() }
      // Certificate and key are written one after the other.
      if watch.wait() { watch.waitForQuiet() }
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
}

import Glibc

/// One thread of our own, for work that blocks and must not sit in a shared pool.
final class BackgroundThread: Sendable {
  private let thread: pthread_t

  /// What the thread runs, carried across `pthread_create`.
  private final class Job {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// Starts the thread; nil if the system gives none.
  init?(_ body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let job = unsafe Unmanaged.passRetained(Job(body))
    let status = unsafe pthread_create(
      &thread, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        let job = unsafe Unmanaged<Job>.fromOpaque(argument).takeRetainedValue()
        job.body()
        return nil
      }, job.toOpaque())
    guard status == 0 else {
      unsafe job.release()
      return nil
    }
    self.thread = thread
  }

  /// Waits until the body has returned.
  func join() { pthread_join(thread, nil) }
}

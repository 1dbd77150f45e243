import Glibc

/// The thread that a `Writer` runs on.
@safe
struct WriterThread: Sendable {
  private let thread: pthread_t

  /// Starts the thread; nil if the system gives none.
  init?(_ writer: consuming sending Writer) {
    var thread = pthread_t()
    let passed = unsafe Unmanaged.passRetained(writer)
    let code = unsafe pthread_create(
      &thread, nil,
      { context in
        if let context = unsafe context {
          unsafe Unmanaged<Writer>.fromOpaque(context).takeRetainedValue().run()
        }
        return nil
      }, passed.toOpaque())
    if code != 0 {
      unsafe passed.release()
      return nil
    }
    self.thread = thread
  }

  /// Waits until the thread has ended.
  func join() {
    pthread_join(thread, nil)
  }
}

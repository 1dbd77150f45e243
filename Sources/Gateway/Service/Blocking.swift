import Glibc
import Synchronization

/// From the synchronous world of `main` into the asynchronous one, and back.
package enum Blocking {
  /// Runs `body` on Swift's own threads and holds this one until it is done. For threads of our own and the main
  /// one: a thread of Swift's pool must never wait.
  package static func run<Answer: Sendable>(_ body: @escaping @Sendable () async throws -> Answer) throws -> Answer {
    let call = Call<Answer>()
    Task.detached {
      do {
        call.finish(.success(try await body()))
      } catch {
        call.finish(.failure(error))
      }
    }
    return try call.wait()
  }
}

/// An answer to come, with a POSIX semaphore to wait for it: one owner, one wait, one finish.
@safe private final class Call<Answer: Sendable>: Sendable {
  // Set once; sem_overview(7) allows any thread to use it.
  nonisolated(unsafe) private let semaphore: UnsafeMutablePointer<sem_t>
  private let answer = Mutex<Result<Answer, any Error>?>(nil)

  init() {
    unsafe semaphore = .allocate(capacity: 1)
    unsafe sem_init(semaphore, 0, 0)
  }

  deinit {
    unsafe sem_destroy(semaphore)
    unsafe semaphore.deallocate()
  }

  func finish(_ result: Result<Answer, any Error>) {
    answer.withLock { $0 = result }
    unsafe sem_post(semaphore)
  }

  func wait() throws -> Answer {
    while true {
      if let result = answer.withLock({ $0 }) { return try result.get() }
      // Interrupted by a signal: looks again.
      unsafe sem_wait(semaphore)
    }
  }
}

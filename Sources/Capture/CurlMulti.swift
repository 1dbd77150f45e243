import CCurl
import Synchronization

/// Many transfers on one thread: libcurl's multi handle, with its connections.
@safe final class CurlMulti {
  private let handle: UnsafeMutableRawPointer
  /// Wakes `wait` from another thread, as long as the handle exists.
  let waker: CurlWaker

  init() throws(CaptureError) {
    guard CurlGlobal.result == CURLE_OK else {
      throw .curl(operation: "start", reason: CurlGlobal.text(CurlGlobal.result))
    }
    guard let multi = unsafe curl_multi_init() else { throw .curl(operation: "start", reason: "out of memory") }
    unsafe handle = multi
    waker = unsafe CurlWaker(multi)
    _ = unsafe hoglet_curl_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
    _ = unsafe hoglet_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, CaptureLimits.idleConnectionsMax)
  }

  deinit {
    waker.retire()
    unsafe curl_multi_cleanup(handle)
  }

  /// Says why if libcurl does not take it.
  func add(_ easy: CurlEasy) -> HTTPFailure? {
    let code = unsafe curl_multi_add_handle(handle, easy.handle)
    return code == CURLM_OK ? nil : HTTPFailure(reason: Self.text(code))
  }

  /// After this libcurl no longer looks at the transfer or its body.
  func remove(_ easy: CurlEasy) {
    unsafe curl_multi_remove_handle(handle, easy.handle)
  }

  /// Moves all transfers on as far as they go without waiting; why, if libcurl itself fails.
  func perform() -> HTTPFailure? {
    var running: Int32 = 0
    let code = unsafe curl_multi_perform(handle, &running)
    return code == CURLM_OK ? nil : HTTPFailure(reason: Self.text(code))
  }

  /// Waits for the network, a time limit of libcurl's, `waker` or `timeout`.
  func wait(_ timeout: Duration) -> HTTPFailure? {
    let milliseconds = Int32(clamping: max(timeout.milliseconds, 0))
    let code = unsafe curl_multi_poll(handle, nil, 0, milliseconds, nil)
    return code == CURLM_OK ? nil : HTTPFailure(reason: Self.text(code))
  }

  /// The next transfer that ended: its handle's address and how it ended.
  func nextEnded() -> (handle: UInt, code: CURLcode)? {
    var left: Int32 = 0
    while let message = unsafe curl_multi_info_read(handle, &left) {
      guard unsafe message.pointee.msg == CURLMSG_DONE else { continue }
      return unsafe (UInt(bitPattern: message.pointee.easy_handle), message.pointee.data.result)
    }
    return nil
  }

  private static func text(_ code: CURLMcode) -> String {
    guard let text = unsafe curl_multi_strerror(code) else { return "error \(code.rawValue)" }
    return unsafe String(cString: text)
  }
}

/// The one thing of a multi handle that other threads may touch. It outlives the handle and then does nothing.
final class CurlWaker: Sendable {
  /// The handle's address; 0 once it is gone.
  private let address: Mutex<UInt>
  private let called = Atomic(false)

  init(_ multi: UnsafeMutableRawPointer) {
    address = Mutex(UInt(bitPattern: multi))
  }

  func call() {
    called.store(true, ordering: .releasing)
    address.withLock { address in
      guard let multi = unsafe UnsafeMutableRawPointer(bitPattern: address) else { return }
      _ = unsafe curl_multi_wakeup(multi)
    }
  }

  /// Whether `call` was called since the last time this was asked.
  func takeCall() -> Bool { called.exchange(false, ordering: .acquiring) }

  /// No call reaches the handle after this.
  func retire() { address.withLock { $0 = 0 } }
}

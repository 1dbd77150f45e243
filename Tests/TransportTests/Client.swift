import Glibc

/// A raw TCP client: sends exactly the bytes a test wants, reads answers as HTTP/1.1 says.
final class Client {
  private let descriptor: CInt
  private var buffered: [UInt8] = []

  struct Answer: Equatable {
    var status: Int
    var headers: [String: String]
    var body: [UInt8]
    var text: String { String(decoding: body, as: UTF8.self) }
  }

  enum Failure: Error { case cannotConnect, closed, timedOut, notHTTP }

  init(port: Int) throws {
    descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let status = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else { throw Failure.cannotConnect }
    // A test that hangs must fail: no read waits for more than this.
    var timeout = timeval(tv_sec: 20, tv_usec: 0)
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    var noDelay: CInt = 1
    unsafe setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &noDelay, socklen_t(MemoryLayout<CInt>.size))
  }

  deinit { close(descriptor) }

  /// Sends all of it; false when the server has gone.
  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = unsafe bytes.withUnsafeBytes {
        unsafe Glibc.send(
          descriptor, $0.baseAddress.unsafelyUnwrapped + sent, $0.count - sent, CInt(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  @discardableResult
  func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  /// From now on closing resets the connection instead of saying goodbye.
  func resetOnClose() {
    var linger = linger(l_onoff: 1, l_linger: 0)
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
  }

  func finishSending() { shutdown(descriptor, CInt(SHUT_WR)) }

  /// Makes the kernel hold little for this client, so that an unread answer blocks its writer.
  func shrinkReceiveBuffer() {
    var size: CInt = 4_096
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<CInt>.size))
  }

  /// One answer, informational ones too. `head`: the answer to a HEAD request, without a body.
  func receive(head: Bool = false) throws -> Answer {
    while true {
      if let end = Self.endOfHead(buffered) {
        let lines = String(decoding: buffered[..<end], as: UTF8.self).split(separator: "\r\n")
        guard let first = lines.first?.split(separator: " "), first.count >= 2, first[0] == "HTTP/1.1",
          let status = Int(first[1])
        else { throw Failure.notHTTP }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
          let colon = line.firstIndex(of: ":") ?? line.endIndex
          headers[line[..<colon].lowercased()] = String(line[colon...].dropFirst(2))
        }
        let length = head ? 0 : Int(headers["content-length"] ?? "0") ?? 0
        while buffered.count < end + length { try fill() }
        let body = Array(buffered[end..<(end + length)])
        buffered.removeFirst(end + length)
        return Answer(status: status, headers: headers, body: body)
      }
      try fill()
    }
  }

  /// The next bytes, exactly as many.
  func receive(bytes count: Int) throws -> [UInt8] {
    while buffered.count < count { try fill() }
    defer { buffered.removeFirst(count) }
    return Array(buffered[..<count])
  }

  /// Whether the server closes the connection without another byte.
  func isClosed() -> Bool {
    if !buffered.isEmpty { return false }
    do {
      try fill()
      return false
    } catch {
      return error == .closed
    }
  }

  private func fill() throws(Failure) {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = unsafe recv(descriptor, &chunk, chunk.count, 0)
    if count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) { throw .timedOut }
    guard count > 0 else { throw .closed }
    buffered.append(contentsOf: chunk[..<count])
  }

  private static func endOfHead(_ bytes: [UInt8]) -> Int? {
    guard bytes.count >= 4 else { return nil }
    for index in 3..<bytes.count where bytes[index] == 10 && bytes[index - 2] == 10 && bytes[index - 1] == 13 {
      return index + 1
    }
    return nil
  }
}

extension Client {
  /// Sends a POST with a body of its announced length; false when the server cut the connection before the end.
  @discardableResult
  func post(_ path: String, _ body: [UInt8], _ headers: String = "") -> Bool {
    send(Array("POST \(path) HTTP/1.1\r\nHost: a\r\n\(headers)Content-Length: \(body.count)\r\n\r\n".utf8) + body)
  }

  func post(_ path: String, _ body: String, _ headers: String = "") { post(path, Array(body.utf8), headers) }
}

/// Runs `body` in a thread of its own, which no executor knows.
func inThread(_ body: @escaping @Sendable () -> Void) {
  final class Box {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  let box = unsafe Unmanaged.passRetained(Box(body)).toOpaque()
  var thread = pthread_t()
  unsafe pthread_create(
    &thread, nil,
    { argument in
      if let argument = unsafe argument { unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
      return nil
    }, box)
  pthread_detach(thread)
}

/// Waits until `condition` holds; false after ten seconds.
func eventually(_ condition: () -> Bool) async -> Bool {
  for _ in 0..<5_000 {
    if condition() { return true }
    try? await Task.sleep(for: .milliseconds(2))
  }
  return condition()
}

import CCurl

/// What libcurl's callbacks gather of one answer.
final class CurlReceived {
  private let bytesMax: Int
  private(set) var body: [UInt8] = []
  private(set) var retryAfter: String?
  /// There was more than `bytesMax`; the transfer was ended there.
  private(set) var isCut = false

  init(bytesMax: Int) { self.bytesMax = bytesMax }

  /// Takes a piece of the body; false ends the transfer.
  func take(body piece: UnsafeRawBufferPointer) -> Bool {
    let room = bytesMax - body.count
    unsafe body.append(contentsOf: piece.prefix(room))
    isCut = piece.count > room
    return !isCut
  }

  /// Takes a header line. A status line begins a new answer, as after `100 Continue`.
  func take(header line: UnsafeRawBufferPointer) {
    let text = unsafe String(decoding: line, as: UTF8.self)
    if text.hasPrefix("HTTP/") { retryAfter = nil }
    guard let colon = text.firstIndex(of: ":"), text[..<colon].lowercased() == "retry-after" else { return }
    retryAfter = String(text[text.index(after: colon)...].filter { !$0.isNewline })
  }
}

/// CURLOPT_WRITEFUNCTION: anything but the size given ends the transfer.
func curlOnBody(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
  guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
  let received = unsafe Unmanaged<CurlReceived>.fromOpaque(context).takeUnretainedValue()
  let total = size * count
  return unsafe received.take(body: UnsafeRawBufferPointer(start: bytes, count: total)) ? total : 0
}

/// CURLOPT_HEADERFUNCTION: one line each.
func curlOnHeader(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
  guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
  let received = unsafe Unmanaged<CurlReceived>.fromOpaque(context).takeUnretainedValue()
  unsafe received.take(header: UnsafeRawBufferPointer(start: bytes, count: size * count))
  return size * count
}

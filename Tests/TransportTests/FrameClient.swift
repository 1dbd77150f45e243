/// Speaks HTTP/2 frame by frame (RFC 9113, section 4), so that a test can send what no client would.
final class FrameClient {
  struct Frame: Equatable {
    var kind: UInt8
    var flags: UInt8 = 0
    var stream: UInt32 = 0
    var payload: [UInt8] = []

    static let data: UInt8 = 0, headers: UInt8 = 1, priority: UInt8 = 2, reset: UInt8 = 3, settings: UInt8 = 4
    static let ping: UInt8 = 6, goAway: UInt8 = 7, windowUpdate: UInt8 = 8, continuation: UInt8 = 9
    static let endStream: UInt8 = 1, acknowledgement: UInt8 = 1, endHeaders: UInt8 = 4

    var endsStream: Bool { flags & Self.endStream != 0 }
    /// The second word of a GOAWAY, the first of a RST_STREAM.
    var errorCode: UInt32 {
      payload.dropFirst(kind == Self.goAway ? 4 : 0).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }
  }

  let client: Client

  /// Connects and greets; no frame of the server is awaited.
  init(port: Int, greets: Bool = true) throws {
    client = try Client(port: port)
    client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    if greets { send(Frame(kind: Frame.settings)) }
  }

  @discardableResult
  func send(_ frames: Frame...) -> Bool { send(frames) }

  /// Sends frames in one piece; false when the server has gone.
  @discardableResult
  func send(_ frames: [Frame]) -> Bool {
    var bytes: [UInt8] = []
    for frame in frames {
      let count = frame.payload.count
      bytes += [UInt8(count >> 16), UInt8(count >> 8 & 255), UInt8(count & 255), frame.kind, frame.flags]
      bytes += (0..<4).map { UInt8(frame.stream >> (24 - 8 * $0) & 255) }
      bytes += frame.payload
    }
    return client.send(bytes)
  }

  func next() throws -> Frame {
    let head = try client.receive(bytes: 9)
    let count = head[..<3].reduce(0) { $0 << 8 | Int($1) }
    let stream = head[5...].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    return Frame(kind: head[3], flags: head[4], stream: stream, payload: try client.receive(bytes: count))
  }

  /// The next frame of a kind; others are passed over.
  func next(_ kind: UInt8) throws -> Frame {
    while true {
      let frame = try next()
      if frame.kind == kind { return frame }
    }
  }

  /// What a stream is answered: the status where it has an index of its own in HPACK's table, and the body.
  func answer(to stream: UInt32) throws -> (status: Int?, body: String) {
    var status: Int?
    var body: [UInt8] = []
    while true {
      let frame = try next()
      guard frame.stream == stream else { continue }
      switch frame.kind {
      case Frame.headers: if status == nil { status = Self.status(frame.payload) }
      case Frame.data: body += frame.payload
      default: continue
      }
      if frame.endsStream { return (status, String(decoding: body, as: UTF8.self)) }
    }
  }

  /// RFC 7541, appendix A: the indexed statuses.
  private static func status(_ block: [UInt8]) -> Int? {
    var block = block[...]
    // An update of the table's size may stand first.
    if let first = block.first, first & 0xe0 == 0x20 { block = block.dropFirst() }
    return block.first.flatMap { [0x88: 200, 0x89: 204, 0x8c: 400, 0x8d: 404, 0x8e: 500][Int($0)] }
  }

  // MARK: Requests

  static func request(_ path: String, stream: UInt32, _ fields: [(String, String)] = [], ends: Bool = false) -> Frame {
    let block = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "a")] + fields
    return Frame(
      kind: Frame.headers, flags: Frame.endHeaders | (ends ? Frame.endStream : 0), stream: stream,
      payload: block.flatMap { literal($0, $1) })
  }

  static func data(_ bytes: [UInt8], stream: UInt32, ends: Bool = true) -> Frame {
    Frame(kind: Frame.data, flags: ends ? Frame.endStream : 0, stream: stream, payload: bytes)
  }

  /// A field that goes into nobody's table (RFC 7541, section 6.2.2).
  static func literal(_ name: String, _ value: String) -> [UInt8] {
    [0] + integer(name.utf8.count) + Array(name.utf8) + integer(value.utf8.count) + Array(value.utf8)
  }

  /// With a prefix of seven bits (RFC 7541, section 5.1).
  private static func integer(_ value: Int) -> [UInt8] {
    if value < 127 { return [UInt8(value)] }
    var rest = value - 127
    var bytes: [UInt8] = [127]
    while rest >= 128 {
      bytes.append(UInt8(rest & 127 | 128))
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }
}

package import Bytes

/// Unpacks a request body within a hard bound on its output.
///
/// The bound holds before the bytes exist, and memory follows what really comes out: a claimed size is believed only as
/// far as the bytes that arrived make it plausible (`Growth`).
package enum Decompressor {
  /// Unpacks `bytes`; at most `limit` bytes come out. Throws `tooLarge` for the first byte more, and `noRoom` where
  /// `hold` refuses: it is asked for all of the memory that is to be used before any of it is.
  ///
  /// Several gzip members or zstd frames in a row are one body. After the end only zero bytes may follow (block padding).
  package static func decompress(
    _ bytes: ByteSpan, encoding: ContentEncoding, limit: Int, hold: (Int) -> Bool = { _ in true }
  ) throws(CodecError) -> [UInt8] {
    precondition(limit >= 0 && limit < .max)
    switch encoding {
    case .identity:
      guard bytes.count <= limit else { throw .tooLarge(limit: limit) }
      var copy = [UInt8]()
      copy.append(bytes, Slice(0, bytes.count))
      return copy
    case .gzip: return try Inflater().gzip(bytes, limit: limit, hold)
    case .deflate: return try Inflater().deflate(bytes, limit: limit, hold)
    case .zstd: return try ZstdFrames().decompress(bytes, limit: limit, hold)
    }
  }

  /// Whether only zero bytes stand from `offset` to the end.
  static func isPadding(_ bytes: ByteSpan, from offset: Int) -> Bool {
    for index in offset..<bytes.count where bytes[index] != 0 { return false }
    return true
  }
}

/// How much room to offer for output whose size is not known.
struct Growth {
  /// A claim up to this many times the packed bytes is believed at once: telemetry packs 5 to 15 times.
  static let plausibleRatio = 16
  /// What is offered first where nothing is claimed. Room that is not written to costs nothing but its share of the
  /// budget for a moment; room that is too small, a copy of all that came out.
  static let guessedRatio = 8
  /// Below this many bytes a second attempt costs more than the memory.
  static let leastRoom = 4_096

  let limit: Int
  private(set) var room: Int

  init(packed: Int, claimed: Int?, limit: Int) {
    let plausible = max(packed.multipliedOrMax(by: Self.plausibleRatio), Self.leastRoom)
    self.limit = limit
    room = min(claimed ?? max(packed.multipliedOrMax(by: Self.guessedRatio), Self.leastRoom), plausible, limit)
  }

  /// Doubles the room, up to the limit. False when the limit was offered already.
  mutating func grow() -> Bool {
    guard room < limit else { return false }
    room = min(max(room.multipliedOrMax(by: 2), Self.leastRoom), limit)
    return true
  }
}

extension Int {
  fileprivate func multipliedOrMax(by factor: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: factor)
    return overflow ? .max : product
  }
}

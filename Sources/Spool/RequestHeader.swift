import Bytes
import Codec
import Telemetry

/// What `requests` stores of a request: a header with a checksum of every chunk, then the index unless it is long.
///
/// Little-endian: 0 version, 1 signal, 2 bytes of `frozen`, 4 CRC-32C of the key and all of the header but these four
/// bytes, 8 arrival, 16 body bytes, 20 index bytes, 24 bytes in a chunk, 28 CRC-32C of the index, 32 CRC-32C of each chunk
/// of the body, then `frozen` (a dead letter that became a request again). The chunks have their checksums here, so that
/// reading one trace checks only the chunks it lies in, and a chunk that an unwritten page replaced by an older one does
/// not pass.
struct RequestHeader {
  static let version: UInt8 = 1
  private static let fixedCount = 32

  /// Bytes of a chunk: with LMDB's header of 16 bytes it fills 32 pages exactly. Larger runs of free pages are hard to
  /// find again once the store is fragmented, smaller ones cost more calls.
  static let chunkBytes = (128 << 10) - 16
  /// A longer index is stored in chunks as well, for the same reason.
  static let inlineIndexMax = chunkBytes
  /// Chunks of a long index are numbered from here; those of the body stay below: 32,768 × 128 KiB is more than a body
  /// may have.
  static let indexChunk: UInt16 = 0x8000
  var signal: Signal
  var arrival: UInt64
  var bodyCount: Int
  var indexCount: Int
  var chunkBytes: Int
  var indexChecksum: UInt32
  var indexIsInline: Bool
  var frozen: [UInt8]

  /// How many chunks `count` bytes make.
  static func chunks(_ count: Int, of chunkBytes: Int = chunkBytes) -> Int {
    (count + chunkBytes - 1) / chunkBytes
  }

  var count: Int { checksumsEnd + frozen.count }
  private var checksumsEnd: Int { Self.fixedCount + 4 * Self.chunks(bodyCount, of: chunkBytes) }
}

// MARK: Writing

extension RequestHeader {
  init(_ append: Append) {
    signal = append.signal
    arrival = append.arrival
    bodyCount = append.body.count
    indexCount = append.index.count
    chunkBytes = Self.chunkBytes
    indexChecksum = CRC32C.checksum(append.index.span)
    indexIsInline = append.index.count <= Self.inlineIndexMax
    precondition(append.frozen.count <= DeadLetterSource.frozenBytesMax)
    frozen = append.frozen
  }

  /// The header under `key`, with the checksums of the body's chunks.
  func encoded(_ key: StoreKey, chunkChecksums: [UInt32]) -> ByteBuffer {
    var out = ByteBuffer(capacity: count)
    out.append(Self.version)
    out.append(signal.rawValue)
    out.append(UInt8(truncatingIfNeeded: frozen.count))
    out.append(UInt8(truncatingIfNeeded: frozen.count &>> 8))
    for _ in 0..<4 { out.append(0) }
    out.appendLittleEndian(arrival)
    for value in [UInt32(bodyCount), UInt32(indexCount), UInt32(chunkBytes), indexChecksum] {
      out.appendLittleEndian(value)
    }
    for checksum in chunkChecksums { out.appendLittleEndian(checksum) }
    out.append(frozen)
    let checksum = out.withSpan { Self.checksum($0, key) }
    for place in 0..<4 { out.set(UInt8(truncatingIfNeeded: checksum &>> UInt32(8 * place)), at: 4 + place) }
    return out
  }

  private static func checksum(_ header: ByteSpan, _ key: StoreKey) -> UInt32 {
    let begin = CRC32C.checksum(header.extracting(0..<4), after: SealedValue.checksum(key))
    return CRC32C.checksum(header.extracting(8..<header.count), after: begin)
  }
}

// MARK: Reading

extension RequestHeader {
  /// Reads the header of a stored value; nil if it is damaged or of a version that is not known. Does not look at the index.
  init?(_ value: ByteSpan, _ key: StoreKey) {
    self.init(damaged: value, key)
    guard value.count == count + (indexIsInline ? indexCount : 0) else { return nil }
  }

  /// The same of a value whose index may have another length than the header says.
  init?(damaged value: ByteSpan, _ key: StoreKey) {
    guard value.count >= Self.fixedCount, value[0] == Self.version, let signal = Signal(rawValue: value[1]) else {
      return nil
    }
    self.signal = signal
    let first = value.word(at: 0)
    arrival = value.word(at: 8)
    let sizes = value.word(at: 16)
    let rest = value.word(at: 24)
    bodyCount = Int(UInt32(truncatingIfNeeded: sizes))
    indexCount = Int(sizes &>> 32)
    chunkBytes = Int(UInt32(truncatingIfNeeded: rest))
    indexChecksum = UInt32(rest &>> 32)
    indexIsInline = false
    frozen = []
    guard chunkBytes > 0 else { return nil }
    let frozenStart = checksumsEnd
    let frozenEnd = frozenStart + Int(UInt16(truncatingIfNeeded: first &>> 16))
    guard frozenEnd <= value.count else { return nil }
    frozen.append(value, Slice(frozenStart, frozenEnd))
    indexIsInline = value.count > count
    let stored = UInt32(first &>> 32)
    guard Self.checksum(value.extracting(0..<count), key) == stored else { return nil }
  }

  /// The stored checksum of a chunk of the body.
  func checksum(_ value: ByteSpan, chunk: Int) -> UInt32 {
    // Two words of four bytes; the index of the header's last eight bytes would pass the end, so read from four before.
    UInt32(value.word(at: Self.fixedCount + 4 * chunk - 4) &>> 32)
  }

  /// The bytes of the body that lie in a chunk.
  func range(chunk: Int) -> Range<Int> {
    chunk * chunkBytes..<min((chunk + 1) * chunkBytes, bodyCount)
  }
}

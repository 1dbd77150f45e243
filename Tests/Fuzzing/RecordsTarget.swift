import Bytes
import Codec
import Telemetry

@testable import Gateway
@testable import Spool

/// What the spool stores, each by its own reader: the first byte says which. Whatever stands there, it is read or refused;
/// what is read and written again stays the same.
enum RecordsTarget {
  static func run(_ input: [UInt8]) {
    guard let kind = input.first else { return }
    let bytes = Array(input.dropFirst())
    switch kind {
    case UInt8(ascii: "i"): index(bytes)
    case UInt8(ascii: "h"): header(bytes)
    case UInt8(ascii: "l"): deadLetter(bytes)
    case UInt8(ascii: "d"): decisions(bytes)
    default: sealed(bytes)
    }
  }

  private static func index(_ bytes: [UInt8]) {
    let bodyCount = 1 << 16
    guard let index = try? RequestIndex(bytes.span, bodyCount: bodyCount) else { return }
    for unit in index.units {
      for record in index.records[unit.range] {
        let scope = index.scopes[Int(record.scope)]
        let slices = [record.body, scope.scope, scope.schemaURL, index.resources[Int(scope.resource)]]
        Fuzzing.expect(slices.allSatisfy { $0.end <= bodyCount }, "what an index names lies in the body")
      }
    }
    let stored = index.encoded()
    let again = try? RequestIndex(stored.span, bodyCount: bodyCount)
    Fuzzing.expect(again?.encoded() == stored, "an index is the same when written again")
  }

  /// With its checksum made right, or nothing would come past it.
  private static func header(_ bytes: [UInt8]) {
    let key = StoreKey(lane: LaneID(1), number: 1)
    _ = RequestHeader(bytes.span, key)
    guard let count = headerCount(bytes) else { return }
    var bytes = bytes
    let begin = CRC32C.checksum(bytes.span.extracting(0..<4), after: SealedValue.checksum(key))
    let checksum = CRC32C.checksum(bytes.span.extracting(8..<count), after: begin)
    for place in 0..<4 { bytes[4 + place] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * place)) }
    guard let header = RequestHeader(damaged: bytes.span, key) else {
      return Fuzzing.expect(Signal(rawValue: bytes[1]) == nil, "a header whose checksum is right is read")
    }
    let checksums = (0..<RequestHeader.chunks(header.bodyCount, of: header.chunkBytes)).map { chunk in
      Fuzzing.expect(header.range(chunk: chunk).count <= header.chunkBytes, "a chunk is no larger than it may be")
      return header.checksum(bytes.span, chunk: chunk)
    }
    let written = header.encoded(key, chunkChecksums: checksums)
    Fuzzing.expect(written.withSpan { Array($0) } == Array(bytes[..<count]), "a header is the same when written again")
  }

  /// How long the header claims to be; nil if that is more than there is.
  private static func headerCount(_ bytes: [UInt8]) -> Int? {
    guard bytes.count >= 32, bytes[0] == RequestHeader.version else { return nil }
    let body = Int(UInt32(truncatingIfNeeded: bytes.span.word(at: 16)))
    let chunk = Int(UInt32(truncatingIfNeeded: bytes.span.word(at: 24)))
    guard chunk > 0 else { return nil }
    let count = 32 + 4 * RequestHeader.chunks(body, of: chunk) + Int(bytes[2]) + Int(bytes[3]) << 8
    return count <= bytes.count ? count : nil
  }

  private static func deadLetter(_ bytes: [UInt8]) {
    guard let letter = DeadLetter(bytes) else { return }
    let again = DeadLetter(letter.encoded().withSpan { Array($0) })
    Fuzzing.expect(again == letter, "a dead letter is the same when written again")
    guard let source = letter.source else { return }
    Fuzzing.expect(source.traces.count + source.logs.count == source.body.count, "its two requests are its body")
  }

  private static func decisions(_ bytes: [UInt8]) {
    guard let entries = read(bytes) else { return }
    var first = ByteBuffer()
    for entry in entries { first.append(entry) }
    let written = first.withSpan { Array($0) }
    var second = ByteBuffer()
    for entry in read(written) ?? [] { second.append(entry) }
    Fuzzing.expect(second.withSpan { Array($0) } == written, "decisions are the same when written again")
  }

  private static func read(_ block: [UInt8]) -> [DecisionEntry]? {
    var reader = DecisionReader(block)
    var entries: [DecisionEntry] = []
    do {
      while let entry = try reader.next() { entries.append(entry) }
    } catch {
      return nil
    }
    return entries
  }

  private static func sealed(_ bytes: [UInt8]) {
    let key = StoreKey(lane: LaneID(1))
    let checksum = CRC32C.checksum(bytes.span, after: SealedValue.checksum(key))
    let value = (0..<4).map { UInt8(truncatingIfNeeded: checksum >> UInt32(8 * $0)) } + bytes
    let opened = unsafe value.withUnsafeBytes { unsafe SealedValue.open($0, key) }
    Fuzzing.expect(opened == bytes, "what was sealed opens")
    let elsewhere = unsafe value.withUnsafeBytes { unsafe SealedValue.open($0, StoreKey(lane: LaneID(2))) }
    Fuzzing.expect(elsewhere == nil, "and in no other place")
  }
}

extension Array<UInt8> {
  fileprivate init(_ span: ByteSpan) {
    self = []
    append(span, Slice(0, span.count))
  }
}

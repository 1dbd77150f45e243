/// A view of bytes that somebody else owns.
@usableFromInline
package typealias ByteSpan = Swift.Span<UInt8>

/// A range of bytes in an arena, by offset: `Sendable`, eight bytes, no lifetime. Arenas are at most 4 GiB.
@frozen @usableFromInline
package struct Slice: Sendable, Hashable {
  @usableFromInline package var offset: UInt32
  @usableFromInline package var count: UInt32

  /// Stands for "nothing here"; also the slice of an empty string.
  @inlinable package static var empty: Slice { Slice(offset: 0, count: 0) }

  @inlinable package init(offset: UInt32, count: UInt32) {
    self.offset = offset
    self.count = count
  }

  @inlinable package init(_ start: Int, _ end: Int) {
    self.init(offset: UInt32(truncatingIfNeeded: start), count: UInt32(truncatingIfNeeded: end &- start))
  }

  @inlinable package var start: Int { Int(offset) }
  @inlinable package var end: Int { Int(offset) &+ Int(count) }
  @inlinable package var isEmpty: Bool { count == 0 }
  @inlinable package var range: Range<Int> { start..<end }

  /// The same bytes after `distance` more bytes were put before them.
  @inlinable package func shifted(by distance: Int) -> Slice {
    Slice(start &+ distance, end &+ distance)
  }
}

extension Swift.Span<UInt8> {
  /// The text of a slice; invalid UTF-8 is repaired with U+FFFD. For names and messages, not for the hot path.
  package func string(_ slice: Slice) -> String {
    var text = [UInt8]()
    text.append(self, slice)
    return String(decoding: text, as: UTF8.self)
  }

  /// Whether the bytes of `slice` are exactly those of `other`.
  @inlinable package func equals(_ slice: Slice, _ other: [UInt8]) -> Bool {
    guard Int(slice.count) == other.count else { return false }
    return equals(slice, other.span, Slice(0, other.count))
  }

  /// Whether two slices hold the same bytes: compared eight at a time, the last eight once more.
  ///
  /// The bounds are checked once, not for each word: this is how names are recognised, and most of that time was checks.
  @inlinable package func equals(_ slice: Slice, _ other: ByteSpan, _ otherSlice: Slice) -> Bool {
    guard slice.count == otherSlice.count else { return false }
    precondition(slice.end <= count && otherSlice.end <= other.count)
    var left = slice.start
    var right = otherSlice.start
    let end = slice.end
    if slice.count < 8 {
      while left < end {
        if unsafe self[unchecked: left] != other[unchecked: right] { return false }
        left &+= 1
        right &+= 1
      }
      return true
    }
    while end &- left >= 8 {
      if unsafe uncheckedWord(left) != other.uncheckedWord(right) { return false }
      left &+= 8
      right &+= 8
    }
    return unsafe uncheckedWord(end &- 8) == other.uncheckedWord(otherSlice.end &- 8)
  }

  /// As `word(at:)`, where the caller has checked the bounds.
  @unsafe @inlinable package func uncheckedWord(_ offset: Int) -> UInt64 {
    unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self)
  }

  /// Four bytes from `offset` on, little-endian, where the caller has checked the bounds.
  @unsafe @inlinable package func uncheckedHalf(_ offset: Int) -> UInt32 {
    unsafe UInt32(littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt32.self))
  }

  /// Whether the bytes of `slice` begin with `prefix`.
  @inlinable package func starts(_ slice: Slice, with prefix: [UInt8]) -> Bool {
    Int(slice.count) >= prefix.count && equals(Slice(slice.start, slice.start &+ prefix.count), prefix)
  }

  /// Eight bytes from `offset` on, little-endian. The caller has checked that they are there.
  @inlinable package func word(at offset: Int) -> UInt64 {
    precondition(offset >= 0 && offset &+ 8 <= count)
    return unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }
}

extension [UInt8] {
  /// Appends the bytes that `slice` names in `source`.
  @inlinable package mutating func append(_ source: ByteSpan, _ slice: Slice) {
    if slice.isEmpty { return }
    precondition(slice.end <= source.count)
    unsafe source.withUnsafeBufferPointer { pointer in
      unsafe self.append(contentsOf: UnsafeBufferPointer(rebasing: pointer[slice.range]))
    }
  }
}

/// Finds long runs of printable ASCII without blanks and quotes, and hardly looks at the rest: what holds a key or a token
/// is such a run, and text is not.
///
/// Every run of at least `least` bytes covers one byte out of each stretch of that length, so only those are looked at,
/// with the eight bytes up to them; the last byte among them that ends a run says how far the next look is (the idea of
/// R. Boyer and J. Moore's string search).
@frozen @usableFromInline
package struct LongRuns {
  /// As short as the runs that are found: three looks of eight bytes cover it.
  @inlinable package static var least: Int { 20 }

  /// Where the next run of that length would have its last byte.
  @usableFromInline var probe: Int
  @usableFromInline let start: Int
  @usableFromInline let end: Int

  @inlinable package init(_ slice: Slice) {
    start = slice.start
    end = slice.end
    probe = slice.start &+ LongRuns.least &- 1
  }

  /// The next run, whole.
  @inlinable package mutating func next(_ bytes: ByteSpan) -> Slice? {
    precondition(start >= 0 && end <= bytes.count)
    while probe < end {
      var marks = unsafe LongRuns.breaks(bytes.uncheckedWord(probe &- 7))
      var word = probe
      if marks == 0 {
        word = probe &- 8
        marks = unsafe LongRuns.breaks(bytes.uncheckedWord(word &- 7))
        if marks == 0 {
          word = probe &- LongRuns.least &+ 8
          marks = unsafe LongRuns.breaks(bytes.uncheckedWord(word &- 7))
          if marks == 0 { return run(bytes) }
        }
      }
      probe = word &- marks.leadingZeroBitCount &>> 3 &+ LongRuns.least
    }
    return nil
  }

  /// The run around the bytes up to `probe`.
  @usableFromInline mutating func run(_ bytes: ByteSpan) -> Slice {
    var first = probe &- LongRuns.least &+ 1
    while first > start, LongRuns.isPart(bytes[first &- 1]) { first &-= 1 }
    var last = probe &+ 1
    while last < end, LongRuns.isPart(bytes[last]) { last &+= 1 }
    probe = last &+ LongRuns.least
    return Slice(first, last)
  }

  /// The highest bit of each byte that is no part of a run: blanks, quotes, `#` and what is not ASCII.
  @inline(__always) @inlinable static func breaks(_ word: UInt64) -> UInt64 {
    // Exclusive or with a quote makes blank, quote and # the bytes below 3.
    let flipped = UInt64(littleEndian: word) ^ 0x2222_2222_2222_2222
    let others = (flipped & 0x7f7f_7f7f_7f7f_7f7f) &+ 0x7d7d_7d7d_7d7d_7d7d
    return (~others | flipped) & 0x8080_8080_8080_8080
  }

  /// The same of one byte.
  @inlinable package static func isPart(_ byte: UInt8) -> Bool {
    byte < 0x80 && byte ^ 0x22 > 2
  }
}

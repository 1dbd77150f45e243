/// Finds long runs of printable ASCII without blanks and quotes, and hardly looks at the rest: what holds a key or a token
/// is such a run, and text is not. Runs without a digit, a capital or what stands between them in ASCII (`:` and `@` among
/// it) are names, and left out.
///
/// Every run of at least `least` bytes covers one byte out of each stretch of that length, so only those are looked at,
/// with the eight bytes up to them; the last byte among them that ends a run says how far the next look is (the idea of
/// R. Boyer and J. Moore's string search).
@frozen @usableFromInline
package struct LongRuns {
  /// As short as the runs that are found: three looks of eight bytes cover it.
  @inlinable package static var least: Int { 20 }

  /// Where the next run of that length would have its last byte: what stands before its first byte ends a run.
  @usableFromInline var probe: Int
  @usableFromInline let end: Int

  @inlinable package init(_ slice: Slice) {
    end = slice.end
    probe = slice.start &+ LongRuns.least &- 1
  }

  /// The next run, whole.
  @inlinable package mutating func next(_ bytes: ByteSpan) -> Slice? {
    precondition(probe >= LongRuns.least &- 1 && end <= bytes.count)
    while probe < end {
      var word = probe
      var marks = unsafe LongRuns.breaks(bytes.uncheckedWord(word &- 7))
      if marks == 0 {
        word = probe &- 8
        marks = unsafe LongRuns.breaks(bytes.uncheckedWord(word &- 7))
        if marks == 0 {
          word = probe &- 12
          marks = unsafe LongRuns.breaks(bytes.uncheckedWord(word &- 7))
          if marks == 0 {
            if let run = run(bytes) { return run }
            continue
          }
        }
      }
      probe = word &- marks.leadingZeroBitCount &>> 3 &+ LongRuns.least
    }
    return nil
  }

  /// The run that begins where the bytes up to `probe` do; nil if it is a name.
  @inlinable mutating func run(_ bytes: ByteSpan) -> Slice? {
    let first = probe &- LongRuns.least &+ 1
    var last = probe &+ 1
    var telling =
      unsafe LongRuns.telling(bytes.uncheckedWord(first)) | LongRuns.telling(bytes.uncheckedWord(first &+ 8))
      | LongRuns.telling(bytes.uncheckedWord(first &+ 12))
    while last &+ 8 <= end {
      let word = unsafe UInt64(littleEndian: bytes.uncheckedWord(last))
      let marks = LongRuns.breaks(word)
      if marks == 0 {
        telling |= LongRuns.telling(word)
        last &+= 8
        continue
      }
      // The lowest mark's byte, and all above it, do not count.
      let size = marks.trailingZeroBitCount &>> 3
      telling |= LongRuns.telling(word) & (marks & (0 &- marks) &- 1)
      last &+= size
      probe = last &+ LongRuns.least
      return telling == 0 ? nil : Slice(first, last)
    }
    while last < end, unsafe LongRuns.isPart(bytes[unchecked: last]) {
      telling |= unsafe LongRuns.telling(UInt64(bytes[unchecked: last]))
      last &+= 1
    }
    probe = last &+ LongRuns.least
    return telling == 0 ? nil : Slice(first, last)
  }

  /// The highest bit of each byte from `0` to `^`.
  @inline(__always) @inlinable static func telling(_ word: UInt64) -> UInt64 {
    let bytes = word & 0x7f7f_7f7f_7f7f_7f7f
    let fromDigits = bytes &+ 0x5050_5050_5050_5050
    let fromUnderscore = bytes &+ 0x2121_2121_2121_2121
    return fromDigits & ~fromUnderscore & 0x8080_8080_8080_8080
  }

  /// The highest bit of each byte that is no part of a run: blanks, quotes, `#` and what is not ASCII.
  @inline(__always) @inlinable static func breaks(_ word: UInt64) -> UInt64 {
    // Exclusive or with a quote makes blank, quote and # the bytes below 3.
    let flipped = word ^ 0x2222_2222_2222_2222
    let others = (flipped & 0x7f7f_7f7f_7f7f_7f7f) &+ 0x7d7d_7d7d_7d7d_7d7d
    return (~others | flipped) & 0x8080_8080_8080_8080
  }

  /// The same of one byte.
  @inlinable package static func isPart(_ byte: UInt8) -> Bool {
    byte < 0x80 && byte ^ 0x22 > 2
  }
}

/// Sixteen bytes of text, looked at together: most text has nothing in it that JSON writes otherwise.
@frozen @usableFromInline
struct JSONBlock {
  @inlinable static var size: Int { 16 }

  @usableFromInline let low: UInt64
  @usableFromInline let high: UInt64

  /// The bytes from `index` on; the caller has checked that there are as many.
  @inline(__always) @inlinable init(_ bytes: ByteSpan, _ index: Int) {
    precondition(index >= 0 && index &+ JSONBlock.size <= bytes.count)
    low = unsafe UInt64(littleEndian: bytes.uncheckedWord(index))
    high = unsafe UInt64(littleEndian: bytes.uncheckedWord(index &+ 8))
  }

  /// The bytes from `index` to the end, fewer than `size` and at least one, and zeros behind them.
  @inlinable init(tail bytes: ByteSpan, _ index: Int) {
    let left = bytes.count &- index
    precondition(index >= 0 && left > 0 && left < JSONBlock.size)
    if left >= 8 {
      low = bytes.word(at: index)
      high = left == 8 ? 0 : bytes.word(at: bytes.count &- 8) &>> UInt64(truncatingIfNeeded: (16 &- left) &* 8)
    } else if bytes.count >= 8 {
      low = bytes.word(at: bytes.count &- 8) &>> UInt64(truncatingIfNeeded: (8 &- left) &* 8)
      high = 0
    } else {
      var word: UInt64 = 0
      for place in (index..<bytes.count).reversed() { word = word &<< 8 | UInt64(bytes[place]) }
      low = word
      high = 0
    }
  }

  /// The bytes from `index` on, with zeros where there are none.
  @inline(__always) @inlinable static func at(_ index: Int, of bytes: ByteSpan) -> JSONBlock {
    index &+ size <= bytes.count ? JSONBlock(bytes, index) : JSONBlock(tail: bytes, index)
  }

  /// How many bytes come before the first quote, backslash, control character or byte that is not ASCII.
  @inline(__always) @inlinable var plain: Int {
    let first = JSONBlock.marks(low)
    let second = JSONBlock.marks(high)
    if first | second == 0 { return JSONBlock.size }
    return first != 0 ? first.trailingZeroBitCount &>> 3 : 8 &+ second.trailingZeroBitCount &>> 3
  }

  /// The highest bit of each byte that is special. A borrow can only mark bytes above one that is marked rightly, so the
  /// lowest mark is right.
  @inline(__always) @inlinable static func marks(_ word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quote = (word ^ (ones &* 0x22)) &- ones
    let slash = (word ^ (ones &* 0x5c)) &- ones
    let control = word &- (ones &* 0x20)
    return (quote | slash | control | word) & 0x8080_8080_8080_8080
  }
}

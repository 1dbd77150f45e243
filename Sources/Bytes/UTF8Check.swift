/// Well-formedness of UTF-8 (Unicode 15, table 3-7), one sequence at a time.
@usableFromInline
package enum UTF8Check {
  /// The length of the well-formed multi-byte sequence at `index`; 0 if there is none.
  @inlinable package static func sequenceLength(_ bytes: ByteSpan, _ index: Int, _ end: Int) -> Int {
    let lead = bytes[index]
    var low: UInt8 = 0x80
    var high: UInt8 = 0xbf
    let size: Int
    switch lead {
    case 0xc2...0xdf: size = 2
    case 0xe0...0xef:
      size = 3
      if lead == 0xe0 { low = 0xa0 }
      if lead == 0xed { high = 0x9f }
    case 0xf0...0xf4:
      size = 4
      if lead == 0xf0 { low = 0x90 }
      if lead == 0xf4 { high = 0x8f }
    default: return 0
    }
    guard end &- index >= size, bytes[index &+ 1] >= low, bytes[index &+ 1] <= high else { return 0 }
    var next = 2
    while next < size {
      guard bytes[index &+ next] & 0xc0 == 0x80 else { return 0 }
      next &+= 1
    }
    return size
  }

  /// Whether all of `slice` is well-formed.
  @inlinable package static func isValid(_ bytes: ByteSpan, _ slice: Slice) -> Bool {
    var index = slice.start
    let end = slice.end
    while index < end {
      if end &- index >= 8, bytes.word(at: index) & 0x8080_8080_8080_8080 == 0 {
        index &+= 8
      } else if bytes[index] < 0x80 {
        index &+= 1
      } else {
        let size = sequenceLength(bytes, index, end)
        if size == 0 { return false }
        index &+= size
      }
    }
    return true
  }
}

import Bytes
import Testing

@Suite struct ByteBufferTests {
  @Test func `a buffer grows and keeps what it has`() {
    var buffer = ByteBuffer(capacity: 0)
    var expected: [UInt8] = []
    for size in 0..<200 {
      let piece = [UInt8](repeating: UInt8(size), count: size)
      buffer.append(piece)
      buffer.append("é")
      expected += piece + Array("é".utf8)
    }
    #expect(buffer.count == expected.count && buffer.array() == expected)
    #expect(buffer.array(from: expected.count - 2) == Array("é".utf8))
    buffer.set(1, at: 0)
    buffer.truncate(to: 3)
    #expect(buffer.array() == [1] + expected[1..<3])
    buffer.truncate(to: 0)
    #expect(buffer.array().isEmpty)
  }

  @Test func `slices compare by content`() {
    let bytes = Array("gen_ai.system".utf8)
    let all = Slice(0, bytes.count)
    #expect(bytes.span.equals(all, bytes) && !bytes.span.equals(all, Array(bytes.dropLast())))
    #expect(bytes.span.starts(all, with: Array("gen_ai.".utf8)) && bytes.span.starts(all, with: []))
    let isShorter = bytes.span.starts(Slice(0, 3), with: Array("gen_".utf8))
    #expect(!isShorter)
    #expect(all.shifted(by: 5) == Slice(5, 5 + bytes.count))
  }

  @Test func `hashes of different texts differ, also by length alone`() {
    let bytes = [UInt8](repeating: 0, count: 64) + Array("gen_ai.request.model".utf8)
    var seen: Set<UInt64> = []
    for end in 0...bytes.count { seen.insert(Hash.bytes(bytes.span, Slice(0, end))) }
    #expect(seen.count == bytes.count + 1)
  }
}

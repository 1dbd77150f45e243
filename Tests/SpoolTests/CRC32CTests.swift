import Codec
import Testing

@Suite struct CRC32CTests {
  /// RFC 3720 appendix B.4, and the check value that catalogues of checksums list.
  @Test(
    arguments: [
      ([UInt8](repeating: 0, count: 32), 0x8a91_36aa),
      ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43),
      (Array(0..<32), 0x46dd_794e),
      ((0..<32).reversed(), 0x113f_db5c),
      (Array("123456789".utf8), 0xe306_9283),
      ([], 0),
    ] as [([UInt8], UInt32)])
  func `the vectors of RFC 3720 hold`(_ bytes: [UInt8], _ expected: UInt32) {
    #expect(CRC32C.checksum(bytes.span) == expected)
    #expect(CRC32C.checksumByTable(bytes.span) == expected)
  }

  @Test func `the processor, the table and any split agree`() {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(state: seed)
    for round in 0..<500 {
      // Short ones, and some that are long enough to be taken three runs at once.
      let bytes = random.bytes(Int.random(in: 0...(round % 10 == 0 ? 20_000 : 300), using: &random))
      let whole = CRC32C.checksum(bytes.span)
      let cut = Int.random(in: 0...bytes.count, using: &random)
      let begin = CRC32C.checksum(bytes.span.extracting(0..<cut))
      #expect(CRC32C.checksumByTable(bytes.span) == whole, "seed \(seed)")
      #expect(CRC32C.checksum(bytes.span.extracting(cut..<bytes.count), after: begin) == whole, "seed \(seed)")
    }
  }
}

import Bytes
import Codec
import Testing

@Suite struct DecompressorTests {
  @Test(arguments: Packing.all, [0, 1, 100, 70_000, 3_000_000])
  func `what real programs packed comes out as it was`(_ packing: Packing, _ size: Int) throws {
    let text = sampleText(size)
    let packed = try shell(packing.command, input: text)
    #expect(try Decompressor.decompress(packed.span, encoding: packing.encoding, limit: size) == text)
  }

  @Test(arguments: Packing.all)
  func `the limit holds to the byte`(_ packing: Packing) throws {
    for size in [1, 4_095, 4_096, 4_097, 131_072, 200_001] {
      let packed = try shell(packing.command, input: sampleText(size))
      #expect(throws: CodecError.tooLarge(limit: size - 1)) {
        try Decompressor.decompress(packed.span, encoding: packing.encoding, limit: size - 1)
      }
      for limit in [size, size + 1] {
        #expect(try Decompressor.decompress(packed.span, encoding: packing.encoding, limit: limit).count == size)
      }
    }
  }

  @Test(arguments: Packing.all)
  func `no memory is used that was not asked for, nor more than the limit asked for`(_ packing: Packing) throws {
    let text = sampleText(200_000)
    let packed = try shell(packing.command, input: text)
    var most = 0
    let output = try Decompressor.decompress(packed.span, encoding: packing.encoding, limit: 1_000_000) { wanted in
      most = max(most, wanted)
      return true
    }
    #expect(output == text && (text.count...1_000_000).contains(most))
    #expect(throws: CodecError.noRoom) {
      try Decompressor.decompress(packed.span, encoding: packing.encoding, limit: 1_000_000) { $0 < text.count }
    }
  }

  @Test func `identity is bounded too`() throws {
    let bytes: [UInt8] = [1, 2, 3]
    #expect(try Decompressor.decompress(bytes.span, encoding: .identity, limit: 3) == bytes)
    #expect(throws: CodecError.tooLarge(limit: 2)) {
      try Decompressor.decompress(bytes.span, encoding: .identity, limit: 2)
    }
  }

  @Test(arguments: [("gzip -c", ContentEncoding.gzip), ("zstd -q -c", .zstd)])
  func `several members are one body`(_ command: String, _ encoding: ContentEncoding) throws {
    let parts = [sampleText(5_000, seed: 1), [], sampleText(90_000, seed: 2), [7]]
    let packed = try parts.flatMap { try shell(command, input: $0) }
    let whole = parts.flatMap(\.self)
    #expect(try Decompressor.decompress(packed.span, encoding: encoding, limit: whole.count) == whole)
    #expect(throws: CodecError.tooLarge(limit: whole.count - 1)) {
      try Decompressor.decompress(packed.span, encoding: encoding, limit: whole.count - 1)
    }
  }

  @Test(arguments: Packing.all)
  func `zero padding may follow, anything else may not`(_ packing: Packing) throws {
    let text = sampleText(1_000)
    let packed = try shell(packing.command, input: text)
    let padded = packed + [0, 0, 0]
    #expect(try Decompressor.decompress(padded.span, encoding: packing.encoding, limit: 1_000) == text)
    let followed = packed + Array("tail".utf8)
    #expect(throws: CodecError.trailingBytes(packing.encoding, count: 4)) {
      try Decompressor.decompress(followed.span, encoding: packing.encoding, limit: 1_000)
    }
  }

  @Test(arguments: Packing.all)
  func `a body cut short anywhere is refused`(_ packing: Packing) throws {
    let packed = try shell(packing.command, input: sampleText(2_000))
    for length in 0..<packed.count {
      let cut = Array(packed[..<length])
      #expect(throws: CodecError.self, "cut at \(length)") {
        try Decompressor.decompress(cut.span, encoding: packing.encoding, limit: 4_000)
      }
    }
  }

  @Test func `a wrong encoding is refused, not guessed`() throws {
    let text = sampleText(1_000)
    let gzip = Gzip.compress(text.span)
    for encoding in [ContentEncoding.deflate, .zstd] {
      #expect(throws: CodecError.damaged(encoding)) {
        try Decompressor.decompress(gzip.span, encoding: encoding, limit: 10_000)
      }
    }
    #expect(throws: CodecError.damaged(.gzip)) {
      try Decompressor.decompress(text.span, encoding: .gzip, limit: 10_000)
    }
  }

  @Test func `a zstd window above eight MiB is refused`() throws {
    let packed = try shell("head -c 20000000 /dev/zero | zstd -q -c --long=27")
    #expect(throws: CodecError.windowTooLarge) {
      try Decompressor.decompress(packed.span, encoding: .zstd, limit: 64 << 20)
    }
  }

  /// Flips, cuts, inserts and doubles bytes of real bodies: whatever comes, it is an answer within the limit.
  @Test(arguments: Packing.all, [UInt64(11), 12])
  func `mutated bodies never trap and never exceed the limit`(_ packing: Packing, _ seed: UInt64) throws {
    var random = Seeded(state: seed)
    let packed = try shell(packing.command, input: sampleText(3_000, seed: seed))
    for round in 0..<2_000 {
      var mutant = packed
      for _ in 0...Int.random(in: 0..<4, using: &random) {
        let at = Int.random(in: 0..<max(mutant.count, 1), using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0 where !mutant.isEmpty: mutant[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: mutant.removeLast(min(mutant.count, at / 4))
        case 2: mutant.insert(UInt8.random(in: 0...255, using: &random), at: at)
        default: mutant.append(contentsOf: mutant.prefix(at))
        }
      }
      let limit = Int.random(in: 0..<8_000, using: &random)
      if let output = try? Decompressor.decompress(mutant.span, encoding: packing.encoding, limit: limit) {
        #expect(output.count <= limit, "seed \(seed), round \(round)")
      }
    }
  }
}

import Bytes
import Codec
import Testing

@Suite struct CompressionTests {
  @Test(arguments: [0, 1, 5_000, 2_000_000], [1, 6, 12])
  func `gzip reads what we packed`(_ size: Int, _ level: Int) throws {
    let text = sampleText(size)
    #expect(try shell("gzip -dc", input: Gzip.compress(text.span, level: level)) == text)
  }

  @Test func `one compressor serves many bodies`() throws {
    let compressor = GzipCompressor()
    for seed in 1...200 as ClosedRange<UInt64> {
      let text = sampleText(Int(seed) * 37, seed: seed)
      let packed = compressor.compress(text.span)
      #expect(packed.count < text.count + 64)
      #expect(try Decompressor.decompress(packed.span, encoding: .gzip, limit: text.count) == text)
    }
  }

  @Test(arguments: [
    (nil, ContentEncoding.identity), ("", .identity), ("identity", .identity), ("gzip", .gzip), ("GZip", .gzip),
    ("x-gzip", .gzip), (" gzip\t", .gzip), ("deflate", .deflate), ("zstd", .zstd),
  ])
  func `content-encoding is read`(_ header: String?, _ encoding: ContentEncoding) throws {
    #expect(try ContentEncoding(header: header) == encoding)
  }

  @Test(arguments: ["br", "gzip, gzip", "gzip,zstd", "identity, gzip", "gzip;q=1", "snappy", "gzip\u{0}"])
  func `other encodings and lists are refused`(_ header: String) {
    #expect(throws: CodecError.self) { try ContentEncoding(header: header) }
  }

  @Test func `the error text repeats only a little of the header, and only printable letters`() {
    do throws(CodecError) {
      _ = try ContentEncoding(header: String(repeating: "a\r\n", count: 1_000))
      Issue.record("accepted")
    } catch {
      #expect(error.description.count < 150)
      #expect(!error.description.contains { $0.isNewline })
    }
  }
}

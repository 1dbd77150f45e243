import Bytes
import Codec
import Glibc
import Testing

/// Each bomb goes off in a process of its own, so that its peak memory is known.
@Suite struct BombTests {
  /// The most memory this process ever held, in KiB.
  static func peakKiB() -> Int {
    var usage = rusage()
    unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss
  }

  /// The most address space this process ever had, in KiB; memory that was asked for and never touched counts here.
  static func peakAddressSpaceKiB() throws -> Int {
    let status = String(decoding: try shell("cat /proc/\(getpid())/status"), as: UTF8.self)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmPeak:") }
    return try #require(line?.split(separator: " ").compactMap { Int($0) }.first)
  }

  /// Unpacks `packed` with a limit of 1 MiB; whether it was refused and memory grew by less than 4 MiB.
  static func isDefused(_ packed: [UInt8], _ encoding: ContentEncoding) -> Bool {
    let before = peakKiB()
    var refused = false
    do throws(CodecError) {
      _ = try Decompressor.decompress(packed.span, encoding: encoding, limit: 1 << 20)
    } catch {
      refused = error == .tooLarge(limit: 1 << 20)
    }
    return refused && peakKiB() - before < 4 << 10
  }

  @Test func `64 MiB of zeros as gzip stop at one MiB`() async {
    await #expect(processExitsWith: .success) {
      let packed = try shell("head -c 67108864 /dev/zero | gzip -9")
      exit(BombTests.isDefused(packed, .gzip) ? 0 : 1)
    }
  }

  @Test func `64 MiB of zeros as zstd stop at one MiB`() async {
    await #expect(processExitsWith: .success) {
      let packed = try shell("head -c 67108864 /dev/zero | zstd -q -19")
      exit(BombTests.isDefused(packed, .zstd) ? 0 : 1)
    }
  }

  @Test func `a thousand gzip members of 64 KiB stop at one MiB`() async {
    await #expect(processExitsWith: .success) {
      let member = try shell("head -c 65536 /dev/zero | gzip -9")
      let packed = (0..<1_000).flatMap { _ in member }
      exit(BombTests.isDefused(packed, .gzip) ? 0 : 1)
    }
  }

  /// The body holds 100 bytes and says it holds 4 GiB; believed only as far as memory stays small.
  @Test func `a claimed size costs nothing`() async {
    await #expect(processExitsWith: .success) {
      var packed = Gzip.compress(sampleText(100).span)
      packed.replaceSubrange((packed.count - 4)..., with: [0xff, 0xff, 0xff, 0xff])
      let before = try BombTests.peakAddressSpaceKiB()
      let output = try? Decompressor.decompress(packed.span, encoding: .gzip, limit: 1 << 30)
      let after = try BombTests.peakAddressSpaceKiB()
      exit(output == nil && after - before < 64 << 10 ? 0 : 1)
    }
  }

  /// Magic, a descriptor with an eight-byte size (single segment), 2^40 bytes claimed, then one raw block of one byte.
  @Test func `a zstd frame that claims a tebibyte costs nothing`() async {
    await #expect(processExitsWith: .success) {
      let packed: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0, 9, 0, 0, 0x41]
      let before = try BombTests.peakAddressSpaceKiB()
      let output = try? Decompressor.decompress(packed.span, encoding: .zstd, limit: 1 << 30)
      let after = try BombTests.peakAddressSpaceKiB()
      exit(output == nil && after - before < 64 << 10 ? 0 : 1)
    }
  }
}

internal import Glibc

/// The mappings of this process, as `proc_pid_maps(5)` lists them.
enum MappedRange {
  /// The mappings of files that nothing was written to: code and constants, of which the file has all.
  static func untouched() -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var current: Range<Int>?
    forEachLine("/proc/self/smaps") { line in
      if let range = range(line) {
        // "7f19c0000000-7f1a00000000 r-xp 00000000 fe:00 1635 /usr/bin/hoglet"
        let words = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
        let isFile = words.count == 6 && words[5].contains(UInt8(ascii: "/"))
        current = isFile && !words[1].contains(UInt8(ascii: "w")) ? range : nil
      } else if line.starts(with: "Anonymous:".utf8), line.contains(where: { (0x31...0x39).contains($0) }) {
        current = nil
      } else if line.starts(with: "VmFlags:".utf8), let found = current {
        ranges.append(found)
      }
    }
    return ranges
  }

  /// The addresses of the mapping that `address` lies in; nil if the system does not tell.
  static func containing(_ address: Int) -> Range<Int>? {
    var found: Range<Int>?
    forEachLine("/proc/self/maps") { line in
      if let range = range(line), range.contains(address) { found = range }
    }
    return found
  }

  /// A line that begins with addresses, as "7f19c0000000-7f1a00000000 r--s".
  private static func range(_ line: ArraySlice<UInt8>) -> Range<Int>? {
    let words = line.prefix { $0 != UInt8(ascii: " ") }.split(separator: UInt8(ascii: "-"))
      .map { Int(String(decoding: $0, as: UTF8.self), radix: 16) }
    guard words.count == 2, let low = words[0], let high = words[1] else { return nil }
    return low..<high
  }

  private static func forEachLine(_ path: String, _ body: (ArraySlice<UInt8>) -> Void) {
    guard let file = unsafe fopen(path, "re") else { return }
    defer { unsafe fclose(file) }
    var line = [CChar](repeating: 0, count: 4096)
    while unsafe fgets(&line, CInt(line.count), file) != nil {
      body(line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))[...])
    }
  }
}

internal import Glibc

/// The mappings of this process, as `proc_pid_maps(5)` lists them.
enum MappedRange {
  /// The addresses of the mapping that `address` lies in; nil if the system does not tell.
  static func containing(_ address: Int) -> Range<Int>? {
    guard let file = unsafe fopen("/proc/self/maps", "re") else { return nil }
    defer { unsafe fclose(file) }
    var line = [CChar](repeating: 0, count: 4096)
    while unsafe fgets(&line, CInt(line.count), file) != nil {
      // Begins with the addresses, as in "7f19c0000000-7f1a00000000 r--s".
      let words = line.prefix { $0 != 0x20 }.split(separator: 0x2d).map { digits in
        Int(String(decoding: digits.map(UInt8.init(bitPattern:)), as: UTF8.self), radix: 16)
      }
      guard words.count == 2, let low = words[0], let high = words[1] else { continue }
      if low <= address, address < high { return low..<high }
    }
    return nil
  }
}

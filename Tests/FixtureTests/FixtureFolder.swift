import Glibc

/// The folder of fixtures, read and rewritten without Foundation.
enum FixtureFolder {
  static let root =
    String(#filePath.split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/\($1)" }) + "/Fixtures"

  /// Set to write goldens instead of comparing with them.
  static var isRewriting: Bool { unsafe getenv("HOGLET_REWRITE") != nil }

  /// The names in a folder, sorted.
  static func names(_ path: String) -> [String] {
    guard let folder = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  static func read(_ path: String) -> [UInt8] {
    guard let file = unsafe fopen(path, "re") else { return [] }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = unsafe fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
    return bytes
  }

  static func write(_ path: String, _ bytes: [UInt8]) {
    guard let file = unsafe fopen(path, "we") else { return }
    unsafe fwrite(bytes, 1, bytes.count, file)
    unsafe fclose(file)
  }
}

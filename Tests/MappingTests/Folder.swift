import Glibc

/// The little of a file system that tests need.
enum Folder {
  struct Failure: Error {
    var path: String
    var code: Int32
  }

  static func names(in path: String) throws -> [String] {
    guard let stream = unsafe opendir(path) else { throw Failure(path: path, code: errno) }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
        unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  static func bytes(at path: String) -> [UInt8]? {
    guard let file = unsafe fopen(path, "r") else { return nil }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    while true {
      let byte = unsafe getc(file)
      if byte == EOF { return bytes }
      bytes.append(UInt8(truncatingIfNeeded: byte))
    }
  }

  static func text(at path: String) -> String? { bytes(at: path).map { String(decoding: $0, as: UTF8.self) } }

  static func write(_ text: String, to path: String) throws {
    guard let file = unsafe fopen(path, "w") else { throw Failure(path: path, code: errno) }
    defer { unsafe fclose(file) }
    unsafe fputs(text, file)
  }
}

extension Folder {
  /// Removes a folder and what is in it.
  static func remove(_ path: String) {
    for name in (try? names(in: path)) ?? [] {
      if unsafe unlink("\(path)/\(name)") != 0 { remove("\(path)/\(name)") }
    }
    unsafe unlink("\(path)/.hidden.yaml")
    unsafe rmdir(path)
  }
}

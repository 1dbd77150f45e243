import Glibc
import Synchronization

/// Small things done with files.
enum Files {
  /// The whole of a text file; empty when there is none.
  static func text(_ path: String) -> String { String(decoding: bytes(path), as: UTF8.self) }

  static func bytes(_ path: String) -> [UInt8] {
    guard let file = unsafe fopen(path, "re") else { return [] }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = unsafe fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
    return bytes
  }

  /// The names in a folder, sorted.
  static func names(_ path: String) throws -> [String] {
    guard let stream = unsafe opendir(path) else { throw Program.Failure(description: "\(path): no folder") }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  /// Replaces a file as a whole: a reader sees the old text or the new.
  static func replace(_ path: String, with text: String) {
    write(text, to: "\(path).new")
    unsafe rename("\(path).new", path)
  }

  /// Writes a file in place.
  static func write(_ text: String, to path: String) {
    guard let file = unsafe fopen(path, "we") else { return }
    unsafe fputs(text, file)
    unsafe fclose(file)
  }

  /// Removes a file, or a folder with all that is in it.
  static func remove(_ path: String) {
    // Follows no link: what is no folder is unlinked as it is.
    if unsafe unlink(path) == 0 { return }
    guard let stream = unsafe opendir(path) else { return }
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != ".", name != ".." { remove("\(path)/\(name)") }
    }
    unsafe closedir(stream)
    unsafe rmdir(path)
  }
}

/// A folder of one test's own, removed with all that is in it.
final class TemporaryFolder: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/hoglet-e2e-XXXXXX".utf8CString)
    path = unsafe template.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress, let made = unsafe mkdtemp(base) else { return "" }
      return unsafe String(cString: made)
    }
    precondition(!path.isEmpty, "no temporary folder can be made below /tmp")
  }

  deinit {
    Files.remove(path)
  }
}

final class Counter: Sendable {
  private let value = Atomic<Int>(0)
  func next() -> Int { value.add(1, ordering: .relaxed).newValue }
}
